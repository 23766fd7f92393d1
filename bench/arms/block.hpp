// One operator arm in words: which shape, which operator, how much of its block, in which layout, type and
// direction. The axes are those of the benchmarks' names.
#pragma once

#include <string>
#include <vector>

#include "bench/arms/definitions.hpp"
#include "bench/arms/geometry.hpp"
#include "bench/arms/work.hpp"
#include "kernels/downsample/downsample.hpp"

namespace dsx::bench {

// op: the downsampling alone, on what its block's convolution writes. conv: the convolution (with fused ReLU)
// alone. block: both, as a network has them.
enum class Unit { op, conv, block };
const std::vector<std::string>& unit_names();
Unit unit_from_string(const std::string& name);
std::string to_string(Unit unit);

// backward_data: from the destination's gradient to the source's. backward_weights: to the convolution's
// weights and bias, with all that must come before (a block: backward through the operator and the ReLU). A
// single conv's backward starts before its ReLU, as a network's step does.
enum class Direction { inference, training_forward, backward_data, backward_weights };
const std::vector<std::string>& direction_names();
Direction direction_from_string(const std::string& name);
std::string to_string(Direction direction);

struct BlockSpec {
  Geometry geometry;
  std::string op = kNoOperator;  // row of downsample_table(), geometry.own->name(), or kNoOperator
  int conv_stride_factor = 0;    // 0: what the operator wants; else: this one, for factorial designs
  Unit unit = Unit::block;
  kernels::Layout layout = kernels::Layout::nhwc;
  dnnl::memory::data_type dtype = dnnl::memory::data_type::f32;
  Direction direction = Direction::inference;
  int batch = 32;
  bool allow_ref = false;
  bool fused = false;  // a whole block as our own kernel (fused_block.hpp); `layout` plays no part then
  kernels::Algorithm algorithm = kernels::Algorithm::direct;  // of that kernel

  bool is_own() const { return geometry.own && op == geometry.own->name(); }
  const downsample::DownsampleOp* row() const;  // of the table; null for the other two kinds
  int stride_factor() const;
  bool backward() const { return direction >= Direction::backward_data; }
  // The convolution's ReLU is part of what is computed.
  bool has_relu() const { return unit == Unit::block || (unit == Unit::conv && !backward()); }
};

// Operators to which `geometry` gives arms: kNoOperator, the table's, and its own.
std::vector<std::string> operators_of(const Geometry& geometry);

}  // namespace dsx::bench

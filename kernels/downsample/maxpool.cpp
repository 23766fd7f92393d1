// The maximum of windows of 2x2. Training keeps where it came from: the first of equals, in the order of
// rows.
#include <algorithm>

#include "kernels/downsample/parts.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/downsample/maxpool.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_pool-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::downsample::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS
using namespace fused::HWY_NAMESPACE;

// Of the bits set in a window of two rows and two columns, the first in the order of rows, as PyTorch and
// oneDNN choose among equal maxima.
HWY_INLINE KeptBits first_of_window(std::uint32_t upper, std::uint32_t lower) {
  constexpr std::uint32_t kEven = 0x55555555U;
  const std::uint32_t first = upper & kEven, second = upper >> 1 & kEven & ~first, taken = first | second;
  const std::uint32_t third = lower & kEven & ~taken, fourth = lower >> 1 & kEven & ~(taken | third);
  return {first | second << 1, third | fourth << 1};
}

HWY_INLINE hn::Mask<D> is_maximum(V value, V maximum) {
  return hn::And(hn::Eq(value, maximum), hn::Gt(maximum, hn::Zero(D())));
}

// ReLU after the maximum gives what ReLU before it gives.
struct Maximum {
  static constexpr int kWindow = 2;
  static constexpr double kFlop = 4;
  static constexpr bool kMaximum = true;
  static HWY_INLINE V pool_rows(V upper, V lower) { return hn::Max(upper, lower); }
  static HWY_INLINE V pool_columns(V left, V right) { return hn::Max(hn::Max(left, right), hn::Zero(D())); }

  using Kept = KeptBits;
  static HWY_INLINE Kept keep(const V (&rows)[2][2], V pooled) {
    const ColumnLanes lanes = column_lanes();
    const V left = hn::TableLookupLanes(pooled, lanes.left);
    const V right = hn::TableLookupLanes(pooled, lanes.right);
    return first_of_window(bits_of(is_maximum(rows[0][0], left), is_maximum(rows[0][1], right)),
                           bits_of(is_maximum(rows[1][0], left), is_maximum(rows[1][1], right)));
  }
  static HWY_INLINE V unpool(V diff_dst) { return diff_dst; }
};
fused::FusedPool in_convolution() { return fused_pool_of<Maximum>(); }
#else
fused::FusedPool in_convolution() { return {}; }
#endif

}  // namespace
}  // namespace dsx::downsample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::downsample {
namespace {

using dnnl::memory;
using Stages = std::vector<DownsampleStage>;

HWY_EXPORT(in_convolution);

Stages build(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
             bool training) {
  return {pool_stage(context, layer, kernels::PoolKind::max, kernels::pool_shape(src_md.get_dims(), 2, 2, 0),
                     src_md, training)};
}

double maximum(const Pixel& x, int i, int j, int, int) {
  return std::max({x(2 * i, 2 * j), x(2 * i, 2 * j + 1), x(2 * i + 1, 2 * j), x(2 * i + 1, 2 * j + 1)});
}

void slopes(const Pixel& x, int i, int j, int rows, int columns, const Slope& slope) {
  const double most = maximum(x, i, j, rows, columns);
  for (int k = 0; k < 4; ++k) {
    if (x(2 * i + k / 2, 2 * j + k % 2) == most) return slope(2 * i + k / 2, 2 * j + k % 2, 1);
  }
}

}  // namespace

DownsampleOp maxpool() {
  return {
      .name = "maxpool",
      .description = "2x2 maximum, stride 2, after the stride-1 convolution",
      .in_original_study = true,
      .backward_reads = {DNNL_ARG_WORKSPACE},
      .build = build,
      .flop = [](const memory::dims& src) { return 4 * element_count(halved(src)); },
      .min_bytes = read_and_write,
      .definition = maximum,
      .derivative = slopes,
      .onnx =
          [](const memory::dims&) {
            return std::vector<kernels::OnnxNode>{kernels::onnx_pool("MaxPool", 2, 2)};
          },
      .on_u8 = true,
      .fused = [] { return HWY_DYNAMIC_DISPATCH(in_convolution)(); },
  };
}

}  // namespace dsx::downsample
#endif

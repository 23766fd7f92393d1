// The downsampling operators. The command line, its help, the networks, the benchmarks, the export, the peers
// and the tests all read one table: a new operator is one file here, kernels/downsample/<operator>.cpp, and
// its row in downsample.cpp.
//
// Every operator turns the stride-1 convolution output [N, C, H, W] into [N, C, floor(H/2), floor(W/2)],
// either after the convolution or by giving the convolution itself a stride.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <string>
#include <vector>

#include "kernels/fused/fused_pool.hpp"
#include "kernels/onednn/kernel.hpp"
#include "kernels/onednn/onnx_node.hpp"

namespace dsx::downsample {

// One operator's forward pass (and, when trained, its backward pass) as a chain of kernels: each reads the
// previous one's DNNL_ARG_DST. Filters that never change travel as constants.
struct DownsampleStage {
  std::string suffix;  // "" for a single stage; "max", "blur" otherwise
  kernels::Kernel forward;
  kernels::Kernel backward_data;          // only when training: DIFF_DST (and what it reads) -> DIFF_SRC
  kernels::Arguments forward_constants;   // the fixed blur filter, in the layout that `forward` wants
  kernels::Arguments backward_constants;  // the same for `backward_data`
};

// One channel of one image: only called for rows and columns inside it.
using Pixel = std::function<double(int row, int column)>;
// Takes the derivative of an output value by one of the pixels it reads.
using Slope = std::function<void(int row, int column, double derivative)>;

struct DownsampleOp {
  std::string name;         // what --variant takes; the file's name
  std::string description;  // one line for --help
  int conv_stride = 1;      // that the block's convolution takes: 2 where nothing follows it
  bool in_original_study = false;
  // Which of the forward pass's DNNL_ARG_SRC, DST and WORKSPACE its backward pass reads.
  std::vector<int> backward_reads = {};

  // Stages over src dims [N, C, H, W]; empty where nothing follows the convolution.
  std::vector<DownsampleStage> (*build)(const kernels::Context&, const std::string& layer,
                                        const dnnl::memory::desc& src_md, bool training);
  // Of the operator alone, forward: what scripts/peers reads. The kernels that build() makes cost as much.
  double (*flop)(const dnnl::memory::dims& src_dims);
  double (*min_bytes)(const dnnl::memory::dims& src_dims, dnnl::memory::data_type type);

  // What is true: output (i, j) of rows x columns pixels, and its slopes, in double precision. Tests and
  // benchmarks check kernels against these. At a kink the slope is what training uses.
  double (*definition)(const Pixel& x, int i, int j, int rows, int columns);
  void (*derivative)(const Pixel& x, int i, int j, int rows, int columns, const Slope& slope);
  // float32 kernels differ from them by at most so many roundings (2^-24) of a value; 0: exact where sums of
  // small multiples of 1/16 are.
  double roundings = 0;

  // Convolution rows beyond its own two (2i, 2i + 1) that a strip of the image needs on either side so that
  // all its outputs come out right; a multiple of 2.
  int halo_rows = 0;

  // The operator in ONNX's words; empty where nothing follows the convolution.
  std::vector<kernels::OnnxNode> (*onnx)(const dnnl::memory::dims& src_dims);

  // build() also takes a source of u8 (kernels/onednn/int8.hpp): the result keeps its scale and is rounded to
  // the nearest integer. Without it the operator runs in f32 in an int8 network, between two reorders.
  bool on_u8 = false;

  // How it works inside the kernel of its convolution; null: it has no such kernel, and the fused engine runs
  // it as a step of its own.
  fused::FusedPoolMaker fused = nullptr;

  bool acts_in_convolution() const { return conv_stride != 1; }
};

const std::vector<DownsampleOp>& downsample_table();
const DownsampleOp& downsample_op(const std::string& name);  // throws ConfigError that lists the names

}  // namespace dsx::downsample

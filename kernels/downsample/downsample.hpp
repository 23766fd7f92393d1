// The one table of downsampling operators. The command line, its help, the networks, the benchmarks and
// the tests all read it: a new operator is one file in kernels/ plus one row here.
//
// Every operator turns the stride-1 convolution output [N, C, H, W] into [N, C, floor(H/2), floor(W/2)],
// either after the convolution (avgpool, ...) or by giving the convolution itself a stride (strided).
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "kernels/onednn/kernel.hpp"
#include "kernels/onednn/onnx_node.hpp"

namespace dsx::downsample {

// One operator's forward pass (and, when trained, its backward pass) as a chain of kernels: each reads the
// previous one's DNNL_ARG_DST. Filters that never change travel as constants.
struct DownsampleStage {
  std::string suffix;  // "" for a single stage; "max", "blur" otherwise
  kernels::Kernel forward;
  kernels::Kernel backward_data;          // only when training: DIFF_DST (and WORKSPACE) -> DIFF_SRC
  kernels::Arguments forward_constants;   // the fixed blur filter, in the layout that `forward` wants
  kernels::Arguments backward_constants;  // the same for `backward_data`
};

struct DownsampleOp {
  std::string name;         // what --variant takes
  std::string description;  // one line for --help
  int conv_stride;          // stride the block's convolution takes: 2 for strided, 1 for all others
  bool in_original_study;
  bool needs_workspace;  // in training
  bool has_weights;      // trainable ones: none of the six has any
  // Stages over src dims [N, C, H, W]; empty for strided (nothing follows the convolution).
  std::vector<DownsampleStage> (*build)(const kernels::Context&, const std::string& layer,
                                        const dnnl::memory::desc& src_md, bool training);
  double (*flop)(const dnnl::memory::dims& src_dims);  // of the operator alone, forward
  double (*min_bytes)(const dnnl::memory::dims& src_dims, dnnl::memory::data_type type);
  // The operator in ONNX's words, each node reading the one before it; empty for strided.
  std::vector<kernels::OnnxNode> (*onnx)(const dnnl::memory::dims& src_dims);
};

const std::vector<DownsampleOp>& downsample_table();
const DownsampleOp& downsample_op(const std::string& name);  // throws ConfigError that lists the names

}  // namespace dsx::downsample

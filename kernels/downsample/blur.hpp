// Anti-aliased downsampling (Zhang 2019, "Making Convolutional Networks Shift-Invariant Again"): a fixed
// filter [1 2 1] x [1 2 1] / 16 with stride 2, as a depthwise convolution.
//
// Padding, chosen so that dst is floor(H/2) like the other operators':
//   blurpool on H:              1 zero row on top and 1 zero column on the left (the last window ends at H-1
//   or H-2); maxblurpool: max 2x2 with stride 1 gives H-1; the blur then pads 1 on every side.
// Zhang pads by reflection; oneDNN pads with zeros, so the outermost output row and column are a quarter to a
// half darker. The padding is part of the operator as measured here.
#pragma once

#include <string>
#include <vector>

#include "kernels/downsample/downsample.hpp"

namespace dsx::downsample {

// Filter [C, 1, 1, 3, 3] stage on a source of `src_md`; pads 1 at the top left and `padding_r` at the bottom
// right.
DownsampleStage blur_stage(const kernels::Context& context, const std::string& layer,
                           const dnnl::memory::desc& src_md, int padding_r, bool training);

// The same as an ONNX node.
kernels::OnnxNode onnx_blur(dnnl::memory::dim channels, int padding_r);

}  // namespace dsx::downsample

// Anti-aliased downsampling (Zhang 2019, "Making Convolutional Networks Shift-Invariant Again"): a fixed
// filter [1 2 1] x [1 2 1] / 16 with stride 2, as a depthwise convolution.
//
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

double blur_flop(const dnnl::memory::dims& dst);
// Of the filter, which has nine values for each channel.
double blur_filter_bytes(const dnnl::memory::dims& src, dnnl::memory::data_type type);

// Its definition, behind one zero row above and one zero column to the left (and zeros wherever the image
// ends), and the weight of every pixel that output (i, j) reads.
double blurred(const Pixel& x, int i, int j, int rows, int columns);
void blur_taps(int i, int j, int rows, int columns, const Slope& tap);

// Two outputs' rows: more than any blur reads beyond its own.
constexpr int kBlurHaloRows = 4;

// The same as an ONNX node.
kernels::OnnxNode onnx_blur(dnnl::memory::dim channels, int padding_r);

}  // namespace dsx::downsample

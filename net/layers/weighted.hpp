// What layers with a weight and a bias (convolution, linear) share: parameters, graph, ONNX.
#pragma once

#include <functional>

#include "kernels/onednn/int8_weighted.hpp"
#include "net/graph/graph_writer.hpp"
#include "net/layers/layer.hpp"

namespace dsx::net {

// "weight", and "bias" if the layer has one.
std::vector<Parameter> weight_and_bias(const LayerPlace& place, const dnnl::memory::dims& shape,
                                       const dnnl::memory::dims& dims);
std::vector<kernels::OnnxConstant> onnx_weight_and_bias(const LayerPlace& place,
                                                        const Parameters& parameters);
kernels::OnnxConstant onnx_parameter(const LayerPlace& place, const Parameters& parameters,
                                     const std::string& name);

// A layer's forward node, and what its backward nodes need to know of it.
struct Weighted {
  std::string name;
  bool bias, relu;  // the ReLU behind it is part of the kernel
  TensorId src = kNoTensor, weights = kNoTensor, dst = kNoTensor, workspace = kNoTensor;
};
Weighted add_weighted(GraphWriter& graph, const LayerSpec& layer, bool relu, kernels::Kernel kernel);

// The same in an int8 network. Behind a ReLU its result is u8, else f32.
kernels::Int8Scales int8_scales(const GraphWriter& graph, const LayerPlace& place);
void add_weighted_int8(GraphWriter& graph, const LayerPlace& place, kernels::Kernel kernel);

// Backward to weights and, when wanted, to the source. The kernels are made only when they are needed: the
// first layer's data kernel never is.
using MakeKernel = std::function<kernels::Kernel()>;
void add_weighted_backward(GraphWriter& graph, const Weighted& w, MakeKernel weights, MakeKernel data);

// SRC, DIFF_DST -> DIFF_WEIGHTS, DIFF_BIAS of a backward kernel.
GraphWriter::Tensors weighted_gradients(GraphWriter& graph, const Weighted& w, TensorId diff_dst);

}  // namespace dsx::net

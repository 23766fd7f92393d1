#include "net/graph/graph_writer.hpp"

#include <stdexcept>
#include <utility>

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/paged_memory.hpp"
#include "kernels/onednn/relu.hpp"

namespace dsx::net {

using dnnl::memory;

Parameter& GraphWriter::find(const std::string& name, int& index) {
  for (index = 0; index < static_cast<int>(parameters_.all.size()); ++index) {
    if (parameters_.all[static_cast<std::size_t>(index)].name == name)
      return parameters_.all[static_cast<std::size_t>(index)];
  }
  throw std::logic_error("undeclared parameter " + name);
}

TensorId GraphWriter::add_tensor(const std::string& name, Role role, const memory::desc& md) {
  Tensor tensor;
  tensor.name = name;
  tensor.role = role;
  tensor.md = md;
  graph.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph.tensors.size()) - 1;
}

TensorId GraphWriter::parameter(const std::string& name, const memory::desc* wanted) {
  int index = 0;
  auto& p = find(name, index);
  if (wanted != nullptr && adopt_layouts_ && wanted->get_data_type() == memory::data_type::f32 &&
      *wanted != p.value.get_desc()) {
    const auto values = p.get();
    p.dims = wanted->get_dims();  // {120, 94864} where the kernel takes a source of 16 x 77 x 77 as a row
    p.value = kernels::make_paged_memory(*wanted, context.engine);
    p.set(values);
  }
  const auto id = add_tensor(name, Role::parameter, p.value.get_desc());
  graph.tensors[id].parameter = index;
  return id;
}

TensorId GraphWriter::gradient_of(const std::string& parameter_name) {
  int index = 0;
  auto& p = find(parameter_name, index);
  if (!p.grad) p.grad = kernels::make_paged_memory(p.value.get_desc(), context.engine);
  const auto id = add_tensor(parameter_name + ".grad", Role::parameter_grad, p.grad.get_desc());
  graph.tensors[id].parameter = index;
  return id;
}

std::shared_ptr<kernels::UpdateSlot> GraphWriter::update_slot(const std::string& parameter_name) {
  int index = 0;
  auto& p = find(parameter_name, index);
  if (!p.update) p.update = std::make_shared<kernels::UpdateSlot>();
  return p.update;
}

GraphWriter::Tensors GraphWriter::add_node(const std::string& name, const std::string& layer,
                                           kernels::Phase phase, kernels::Kernel kernel, Tensors tensors) {
  for (const auto& [argument, md] : kernel.arguments) {
    if (argument == DNNL_ARG_SCRATCHPAD || tensors.count(argument) != 0) continue;
    if (!kernel.is_output.at(argument))
      throw std::logic_error(name + ": an input of the kernel is not connected");
    const char* suffix = argument == DNNL_ARG_WORKSPACE  ? ".workspace"
                         : argument == DNNL_ARG_DIFF_SRC ? ".diff_src"
                                                         : ".dst";
    tensors[argument] = add_tensor(layer + suffix, Role::activation, md);
  }
  graph.nodes.push_back({name, layer, phase, std::move(kernel), tensors});
  return tensors;
}

GraphWriter::Tensors GraphWriter::add_forward(const std::string& name, const std::string& layer,
                                              kernels::Kernel kernel, Tensors tensors) {
  tensors[DNNL_ARG_SRC] = current;
  tensors = add_node(name, layer, kernels::Phase::forward, std::move(kernel), std::move(tensors));
  const kernels::U8Scale scale = current_scale();
  current = tensors.at(DNNL_ARG_DST);
  current_layer_ = layer;
  graph.tensors[current].u8 = scale;
  return tensors;
}

void GraphWriter::quantize_current() {
  if (md_of(current).get_data_type() == memory::data_type::u8) return;
  const kernels::U8Scale& scale = quantization->at(current_layer_);
  add_forward(current_layer_ + ".quantize", current_layer_,
              kernels::quantize(context, md_of(current), scale));
  graph.tensors[current].u8 = scale;
}

void GraphWriter::dequantize_current() {
  if (md_of(current).get_data_type() == memory::data_type::f32) return;
  add_forward(current_layer_ + ".dequantize", current_layer_,
              kernels::dequantize(context, md_of(current), current_scale().scale));
}

memory::desc GraphWriter::wanted_md(const memory::dims& dims) const {
  const auto type = quantization != nullptr ? md_of(current).get_data_type() : context.dtype;
  return kernels::activation_md(dims, type, context.layout);
}

memory::desc GraphWriter::src_md(const memory::dims& dims) const {
  const auto& md = md_of(current);
  return quantization != nullptr || md.get_data_type() == context.dtype ? md : wanted_md(dims);
}

TensorId GraphWriter::unfuse_relu(const std::string& layer, TensorId dst, TensorId diff_dst) {
  add_node(layer + ".backward_relu", layer, kernels::Phase::backward,
           kernels::relu_backward(context, layer, md_of(dst)),
           {{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_DIFF_SRC, diff_dst}});
  return diff_dst;
}

TensorId GraphWriter::add_backward_stage(const std::string& layer, const std::string& suffix,
                                         kernels::Kernel kernel, const kernels::Arguments& constants,
                                         TensorId diff_dst, const Tensors& forward) {
  Tensors tensors = add_constants(layer, constants);
  tensors[DNNL_ARG_DIFF_DST] = diff_dst;
  for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WORKSPACE}) {
    if (kernel.arguments.contains(argument)) tensors[argument] = forward.at(argument);
  }
  return add_node(layer + (suffix.empty() ? "" : "." + suffix) + ".backward_data", layer,
                  kernels::Phase::backward, std::move(kernel), tensors)
      .at(DNNL_ARG_DIFF_SRC);
}

GraphWriter::Tensors GraphWriter::add_constants(const std::string& layer,
                                                const kernels::Arguments& constants) {
  Tensors tensors;
  for (const auto& [argument, constant] : constants) {
    tensors[argument] = add_tensor(layer + ".filter", Role::constant, constant.get_desc());
    graph.tensors[tensors[argument]].constant = constant;
  }
  return tensors;
}

TensorId GraphWriter::add_backward(TensorId diff, bool input_gradient) {
  for (std::size_t i = backward_.size(); i-- > 0;) diff = backward_[i](diff, i > 0 || input_gradient);
  return diff;
}

TensorId find_tensor(const GraphWriter::Tensors& tensors, int argument) {
  const auto found = tensors.find(argument);
  return found == tensors.end() ? kNoTensor : found->second;
}

}  // namespace dsx::net

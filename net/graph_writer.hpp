// Writes a graph down: tensors, parameters and nodes, with the checks that every kernel is connected. Which
// nodes a layer needs is graph.cpp's business.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "net/graph.hpp"

namespace dsx::net {

constexpr TensorId kNoTensor = -1;

class GraphWriter {
 public:
  using Tensors = std::map<int, TensorId>;  // DNNL_ARG_* -> tensor

  // `adopt_layouts`: a parameter's master takes the layout that its first kernel wants.
  GraphWriter(const kernels::Context& context, Parameters& parameters, bool adopt_layouts)
      : context_(context), parameters_(parameters), adopt_layouts_(adopt_layouts) {}

  TensorId add_tensor(const std::string& name, Role role, const dnnl::memory::desc& md);
  TensorId parameter(const std::string& name, const dnnl::memory::desc* wanted = nullptr);
  TensorId gradient_of(const std::string& parameter_name);
  std::shared_ptr<kernels::UpdateSlot> update_slot(const std::string& parameter_name);
  Tensors add_constants(const std::string& layer, const kernels::Arguments& constants);
  const dnnl::memory::desc& md_of(TensorId id) const { return graph.tensors[id].md; }

  // Adds a node; outputs that `tensors` does not name become new activations, whose ids are filled in.
  Tensors add_node(const std::string& name, const std::string& layer, kernels::Phase phase,
                   kernels::Kernel kernel, Tensors tensors);
  // The gradient of a fused ReLU, in place on diff_dst.
  TensorId unfuse_relu(const std::string& layer, TensorId dst, TensorId diff_dst);
  // A backward kernel DIFF_DST (and WORKSPACE, constants) -> DIFF_SRC.
  TensorId add_backward_stage(const std::string& layer, const std::string& suffix, kernels::Kernel kernel,
                              const kernels::Arguments& constants, TensorId diff_dst, TensorId workspace);

  Graph graph;

 private:
  Parameter& find(const std::string& name, int& index);

  const kernels::Context& context_;
  Parameters& parameters_;
  bool adopt_layouts_;
};

}  // namespace dsx::net

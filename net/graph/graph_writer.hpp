// Writes a graph down: tensors, parameters and nodes, with the checks that every kernel is connected. Layer
// after layer appends its forward nodes and leaves a closure that appends its backward nodes; the closures
// then run in reverse order. Which nodes a layer needs is net/layers' business.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/onednn/conv.hpp"
#include "net/graph/graph.hpp"
#include "net/graph/parameters.hpp"
#include "net/graph/quantization.hpp"

namespace dsx::net {

class GraphWriter {
 public:
  using Tensors = std::map<int, TensorId>;  // DNNL_ARG_* -> tensor
  // From the gradient of a layer's result to that of its source: kNoTensor is enough without `need_diff_src`.
  using Backward = std::function<TensorId(TensorId diff_dst, bool need_diff_src)>;

  // `adopt_layouts`: a parameter's master takes the layout that its first kernel wants. `int8`: of an int8
  // network, whose context is f32's; else null.
  GraphWriter(const kernels::Context& of_network, Parameters& parameters, kernels::Pass of_graph,
              bool adopt_layouts, const Quantization* int8 = nullptr)
      : context(of_network),
        pass(of_graph),
        quantization(int8),
        parameters_(parameters),
        adopt_layouts_(adopt_layouts) {}

  TensorId add_tensor(const std::string& name, Role role, const dnnl::memory::desc& md);
  TensorId parameter(const std::string& name, const dnnl::memory::desc* wanted = nullptr);
  TensorId gradient_of(const std::string& parameter_name);
  std::shared_ptr<kernels::UpdateSlot> update_slot(const std::string& parameter_name);
  Tensors add_constants(const std::string& layer, const kernels::Arguments& constants);
  const dnnl::memory::desc& md_of(TensorId id) const { return graph.tensors[id].md; }

  // In an int8 network: the current tensor as u8, or as f32, by a step of its own unless it already is.
  void quantize_current();
  void dequantize_current();
  kernels::U8Scale current_scale() const { return graph.tensors[current].u8; }

  // What a kernel that may choose its layout is told: any under Layout::any, else the study's layout. In an
  // int8 network its type is the current tensor's.
  dnnl::memory::desc wanted_md(const dnnl::memory::dims& dims) const;
  // The current tensor's own layout, unless its type must change first: a source that is already there keeps
  // its layout.
  dnnl::memory::desc src_md(const dnnl::memory::dims& dims) const;

  // Adds a node; outputs that `tensors` does not name become new activations, whose ids are filled in.
  Tensors add_node(const std::string& name, const std::string& layer, kernels::Phase phase,
                   kernels::Kernel kernel, Tensors tensors);
  // A forward node of that name that reads the current tensor (and what `tensors` names); its DST is current
  // then, with the same scale if it is u8.
  Tensors add_forward(const std::string& name, const std::string& layer, kernels::Kernel kernel,
                      Tensors tensors = {});
  // The gradient of a fused ReLU, in place on diff_dst.
  TensorId unfuse_relu(const std::string& layer, TensorId dst, TensorId diff_dst);
  // A backward kernel DIFF_DST (and constants, and what it reads of its forward node's tensors) -> DIFF_SRC.
  TensorId add_backward_stage(const std::string& layer, const std::string& suffix, kernels::Kernel kernel,
                              const kernels::Arguments& constants, TensorId diff_dst, const Tensors& forward);

  void on_backward(Backward layer) { backward_.push_back(std::move(layer)); }
  // Runs the closures on the gradient of the result; returns that of the input, if wanted.
  TensorId add_backward(TensorId diff, bool input_gradient);

  bool training() const { return pass == kernels::Pass::training; }

  const kernels::Context& context;
  const kernels::Pass pass;
  const Quantization* const quantization;
  Graph graph;
  TensorId current = kNoTensor;  // the result of the layers so far

 private:
  Parameter& find(const std::string& name, int& index);

  Parameters& parameters_;
  bool adopt_layouts_;
  std::string current_layer_ = kInputScale;  // whose result is current
  std::vector<Backward> backward_;
};

// The tensor of an argument that not every kernel has.
TensorId find_tensor(const GraphWriter::Tensors& tensors, int argument);

}  // namespace dsx::net

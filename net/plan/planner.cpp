#include "net/plan/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"
#include "net/plan/find_chains.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

bool is_integer(const memory::desc& md) {
  return md.get_data_type() == memory::data_type::u8 || md.get_data_type() == memory::data_type::s8;
}

class Planner {
 public:
  Planner(const kernels::Context& context, const Graph& graph, Parameters& parameters, bool training)
      : context_(context),
        graph_(graph),
        parameters_(parameters),
        training_(training),
        buffers_(context.engine),
        versions_(graph.tensors.size()) {
    for (std::size_t id = 0; id < graph.tensors.size(); ++id) add_outside_memory(static_cast<TensorId>(id));
  }

  PlannedMemory plan() {
    for (const auto& node : graph_.nodes) add_node(node);
    for (std::size_t id = 0; id < graph_.tensors.size(); ++id) {
      if (!graph_.tensors[id].keep) continue;
      for (auto* buffer : versions_[id]) {
        buffer->life.last = std::numeric_limits<int>::max();
        ++buffer->readers;
      }
    }
    couple(steps_of(kernels::Phase::forward));
    result_.forward_chains = chains(kernels::Phase::forward);
    result_.backward_chains = chains(kernels::Phase::backward);
    result_.placed = buffers_.place();
    auto& input = *versions_[graph_.input].front();
    result_.src = {input.mem};
    result_.src.insert(result_.src.end(), input.aliases.begin(), input.aliases.end());
    result_.logits = versions_[graph_.logits].front()->mem;
    if (training_) {
      result_.labels = versions_[graph_.labels].front()->mem;
      if (graph_.loss >= 0) result_.loss_value = versions_[graph_.loss].front()->mem;
      if (graph_.input_gradient >= 0) result_.input_gradient = versions_[graph_.input_gradient].front()->mem;
    }
    return std::move(result_);
  }

 private:
  using Home = Buffer::Home;

  Buffer* new_buffer(const memory::desc& md, Home home) { return buffers_.add(md, home, step_number_); }

  void add_outside_memory(TensorId id) {
    const auto& tensor = graph_.tensors[id];
    if (tensor.role == Role::activation) return;
    auto* buffer = new_buffer(tensor.md, tensor.role == Role::labels ? Home::persistent : Home::external);
    if (tensor.role == Role::parameter) buffer->mem = parameters_.all[tensor.parameter].value;
    if (tensor.role == Role::parameter_grad) buffer->mem = parameters_.all[tensor.parameter].grad;
    if (tensor.role == Role::constant) buffer->mem = tensor.constant;
    versions_[id].push_back(buffer);
  }

  std::vector<kernels::Step>& steps_of(kernels::Phase phase) {
    switch (phase) {
      case kernels::Phase::pack:
        return result_.pack;
      case kernels::Phase::loss:
        return result_.loss;
      case kernels::Phase::backward:
        return result_.backward;
      default:
        return result_.forward;
    }
  }

  void push(kernels::Step step) {
    for (const auto& [argument, md] : step.kernel.arguments) {
      if (argument != DNNL_ARG_SCRATCHPAD) continue;
      step.arguments[argument] = new_buffer(md, Home::arena)->mem;
    }
    if (step.phase != kernels::Phase::pack) ++step_number_;
    steps_of(step.phase).push_back(std::move(step));
  }

  // `source`: the bytes of `from`, under its own descriptor or an equivalent one.
  void push_reorder(const std::string& name, const std::string& layer, kernels::Phase phase, Buffer* from,
                    const memory& source, Buffer* to) {
    kernels::Step step;
    step.name = name + ".reorder";
    step.layer = layer;
    step.phase = phase;
    step.is_reorder = true;
    step.kernel = kernels::reorder(context_, source.get_desc(), to->mem.get_desc());
    step.arguments = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, to->mem}};
    from->life.last = to->life.last = step_number_;
    ++from->readers;
    push(std::move(step));
  }

  std::vector<ImageChain> chains(kernels::Phase phase) {
    return find_chains(steps_of(phase), image_steps_[phase], training_ ? Sharing::as_free : Sharing::even,
                       buffers_);
  }

  // Who has bandwidth to spare fetches what the next one reads first.
  static void couple(const std::vector<kernels::Step>& steps) {
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const kernels::Kernel &one = steps[i - 1].kernel, &next = steps[i].kernel;
      if (one.bring_ahead && next.first_reads) one.bring_ahead(next.first_reads);
    }
  }

  // The version of a tensor under `md`, converted if there is none yet.
  Buffer* require(TensorId id, const memory::desc& md, const Node& node) {
    for (auto* buffer : versions_[id]) {
      if (same_bytes(buffer->mem.get_desc(), md)) return buffer;
    }
    const auto& tensor = graph_.tensors[id];
    // In inference the weights stand still: they are packed once, ahead of time.
    const bool pack = tensor.role == Role::parameter && !training_;
    auto* from = versions_[id].front();
    auto source = from->mem;
    if (is_integer(source.get_desc()) != is_integer(md))
      throw std::logic_error(node.name + ": integers and reals have a scale between them");
    if (source.get_desc().get_dims() != md.get_dims()) {
      // The same values counted otherwise (a matrix, or a window of channels, rows and columns): plain order
      // is both.
      from = require(id, kernels::plain_md(source.get_desc().get_dims()), node);
      source = buffers_.view(*from, kernels::plain_md(md.get_dims()));
      if (same_bytes(source.get_desc(), md)) return from;
    }
    auto* to = new_buffer(md, pack ? Home::persistent : Home::arena);
    push_reorder(fmt::format("{}.{}", node.name, tensor.name), node.layer,
                 pack ? kernels::Phase::pack : node.phase, from, source, to);
    versions_[id].push_back(to);
    return to;
  }

  // A node on its way to becoming a step.
  struct Binding {
    kernels::Step step;
    ImageStep image_step;
    std::vector<Buffer*> used;
    // Gradients in another layout than their parameter's.
    std::vector<std::pair<Buffer*, TensorId>> to_convert;
  };

  void add_node(const Node& node) {
    Binding binding;
    auto& step = binding.step;
    step.name = node.name;
    step.layer = node.layer;
    step.phase = node.phase;
    step.kernel = node.kernel;
    bind_inputs(node, binding);
    bind_outputs(node, binding);
    mark_used(binding);
    if (step.kernel.prepare) {
      auto ahead = kernels::prepare_step(step);
      if (training_) ahead.phase = node.phase;  // there the weights move
      push(std::move(ahead));
      mark_used(binding);
    }
    kernels::use_own_memory(step);
    if (step.kernel.per_image) {
      binding.image_step.place = steps_of(step.phase).size();
      binding.image_step.number = step_number_;
      image_steps_[step.phase].push_back(binding.image_step);
    }
    push(std::move(step));
    for (const auto& [buffer, id] : binding.to_convert) {
      push_reorder(fmt::format("{}.{}", node.name, graph_.tensors[id].name), node.layer, node.phase, buffer,
                   buffer->mem, versions_[id].front());
    }
  }

  void mark_used(const Binding& binding) const {
    for (auto* buffer : binding.used) buffer->life.last = step_number_;
  }

  void bind_inputs(const Node& node, Binding& binding) {
    const int source = node.phase == kernels::Phase::backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC;
    for (const auto& [argument, md] : node.kernel.arguments) {
      if (argument == DNNL_ARG_SCRATCHPAD || node.kernel.is_output.at(argument)) continue;
      auto* buffer = require(node.tensors.at(argument), md, node);
      binding.step.arguments[argument] = buffers_.view(*buffer, md);
      binding.used.push_back(buffer);
      ++buffer->readers;
      if (argument == source) binding.image_step.from = buffer;
    }
  }

  void bind_outputs(const Node& node, Binding& binding) {
    const int result = node.phase == kernels::Phase::backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST;
    for (const auto& [argument, md] : node.kernel.arguments) {
      if (argument == DNNL_ARG_SCRATCHPAD || !node.kernel.is_output.at(argument)) continue;
      auto* buffer = output_buffer(node.tensors.at(argument), md, binding);
      binding.step.arguments[argument] = buffers_.view(*buffer, md);
      binding.used.push_back(buffer);
      if (argument == result) binding.image_step.to = buffer;
    }
  }

  Buffer* output_buffer(TensorId id, const memory::desc& md, Binding& binding) {
    auto& versions = versions_[id];
    for (auto* buffer : versions) {
      if (!same_bytes(buffer->mem.get_desc(), md)) continue;
      versions = {buffer};  // written in place: other copies are stale
      return buffer;
    }
    auto* buffer = new_buffer(md, Home::arena);
    if (graph_.tensors[id].role == Role::activation) {
      versions = {buffer};
    } else {
      binding.to_convert.emplace_back(buffer, id);
    }
    return buffer;
  }

  const kernels::Context& context_;
  const Graph& graph_;
  Parameters& parameters_;
  bool training_;
  Buffers buffers_;
  std::vector<std::vector<Buffer*>> versions_;  // of each tensor, by layout; the first is its producer's
  std::map<kernels::Phase, std::vector<ImageStep>> image_steps_;
  int step_number_ = 0;
  PlannedMemory result_;
};

}  // namespace

PlannedMemory plan_memory(const kernels::Context& context, const Graph& graph, Parameters& parameters,
                          bool training) {
  return Planner(context, graph, parameters, training).plan();
}

}  // namespace dsx::net

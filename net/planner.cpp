#include "net/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <list>
#include <map>
#include <utility>

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

// Same bytes in the same places: descriptors may still differ in the stride of a dimension of size 1
// (one-channel images are nchw and nhwc at once), and a reorder between those would only copy.
bool same_bytes(const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  const auto blocked = memory::format_kind::blocked;
  if (a.get_format_kind() != blocked || b.get_format_kind() != blocked) return false;
  if (a.get_data_type() != b.get_data_type() || a.get_dims() != b.get_dims() ||
      a.get_padded_dims() != b.get_padded_dims() || a.get_inner_nblks() != 0 || b.get_inner_nblks() != 0 ||
      a.get_size() != b.get_size()) {
    return false;
  }
  const auto dims = a.get_dims(), a_strides = a.get_strides(), b_strides = b.get_strides();
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] != 1 && a_strides[d] != b_strides[d]) return false;
  }
  return true;
}

// One buffer holding a tensor's values in one layout.
struct Version {
  memory mem;
  std::vector<memory> aliases;  // the same bytes under equivalent descriptors
  Lifetime life;
  enum class Home { arena, persistent, external } home = Home::arena;
  int readers = 0;  // steps
};

// A step that can work image by image, what it reads of the step before it and writes for the next one.
struct ImageStep {
  std::size_t place = 0;  // among the steps of its phase
  int number = 0;         // among all
  Version *from = nullptr, *to = nullptr;
};

class Planner {
 public:
  Planner(const kernels::Context& context, const Graph& graph, Parameters& parameters, bool training)
      : context_(context),
        graph_(graph),
        parameters_(parameters),
        training_(training),
        versions_(graph.tensors.size()) {
    for (std::size_t id = 0; id < graph.tensors.size(); ++id) add_outside_memory(static_cast<TensorId>(id));
  }

  PlannedMemory plan() {
    for (const auto& node : graph_.nodes) add_node(node);
    for (std::size_t id = 0; id < graph_.tensors.size(); ++id) {
      if (!graph_.tensors[id].keep) continue;
      for (auto* version : versions_[id]) {
        version->life.last = std::numeric_limits<int>::max();
        ++version->readers;
      }
    }
    couple(steps_of(kernels::Phase::forward));
    result_.forward_chains = chains(kernels::Phase::forward);
    result_.backward_chains = chains(kernels::Phase::backward);
    place();
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
  using Home = Version::Home;

  Version* new_version(const memory::desc& md, Home home) {
    Version version;
    version.mem = memory(md, context_.engine, DNNL_MEMORY_NONE);
    version.home = home;
    version.life = {md.get_size(), step_number_, step_number_};
    all_.push_back(std::move(version));
    return &all_.back();
  }

  void add_outside_memory(TensorId id) {
    const auto& tensor = graph_.tensors[id];
    if (tensor.role == Role::activation) return;
    auto* version = new_version(tensor.md, tensor.role == Role::labels ? Home::persistent : Home::external);
    if (tensor.role == Role::parameter) version->mem = parameters_.all[tensor.parameter].value;
    if (tensor.role == Role::parameter_grad) version->mem = parameters_.all[tensor.parameter].grad;
    if (tensor.role == Role::constant) version->mem = tensor.constant;
    versions_[id].push_back(version);
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
      step.arguments[argument] = new_version(md, Home::arena)->mem;
    }
    if (step.phase != kernels::Phase::pack) ++step_number_;
    steps_of(step.phase).push_back(std::move(step));
  }

  // `source`: the bytes of `from`, under its own descriptor or an equivalent one.
  void push_reorder(const std::string& name, const std::string& layer, kernels::Phase phase, Version* from,
                    const memory& source, Version* to) {
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

  // Whether nothing but packing lies between two steps, and the second reads what the first wrote.
  static bool follows(const std::vector<kernels::Step>& steps, const ImageStep& a, const ImageStep& b) {
    const auto is_pack = [](const kernels::Step& step) { return step.kernel.kind == "pack"; };
    return a.to != nullptr && a.to == b.from &&
           std::all_of(steps.begin() + static_cast<std::ptrdiff_t>(a.place) + 1,
                       steps.begin() + static_cast<std::ptrdiff_t>(b.place), is_pack);
  }

  std::vector<ImageChain> chains(kernels::Phase phase) {
    const auto& steps = steps_of(phase);
    const auto& candidates = image_steps_[phase];
    std::vector<ImageChain> all;
    for (std::size_t begin = 0, end = 0; begin < candidates.size(); begin = end) {
      end = begin + 1;
      while (end < candidates.size() && follows(steps, candidates[end - 1], candidates[end])) ++end;
      if (end - begin < 2) continue;
      ImageChain chain;
      chain.sharing = training_ ? Sharing::as_free : Sharing::even;
      for (std::size_t i = begin; i < end; ++i)
        chain.links.push_back({candidates[i].place, i + 1 == end || candidates[i].to->readers > 1});
      live_together(candidates[begin].number, candidates[end - 1].number);
      all.push_back(std::move(chain));
    }
    return all;
  }

  // Who has bandwidth to spare fetches what the next one reads first.
  static void couple(const std::vector<kernels::Step>& steps) {
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const kernels::Kernel &one = steps[i - 1].kernel, &next = steps[i].kernel;
      if (one.bring_ahead && next.first_reads) one.bring_ahead(next.first_reads);
    }
  }

  // The steps of a chain run all at once: what lives in one of them lives in all.
  void live_together(int first_step, int last_step) {
    for (auto& version : all_) {
      auto& life = version.life;
      if (life.first > last_step || life.last < first_step) continue;
      life.first = std::min(life.first, first_step);
      life.last = std::max(life.last, last_step);
    }
  }

  // A version's bytes under `md`, which describes the same places.
  memory as(Version& version, const memory::desc& md) {
    if (version.mem.get_desc() == md) return version.mem;
    for (auto& alias : version.aliases) {
      if (alias.get_desc() == md) return alias;
    }
    version.aliases.emplace_back(md, context_.engine, version.mem.get_data_handle());
    return version.aliases.back();
  }

  // The version of a tensor under `md`, converted if there is none yet.
  Version* require(TensorId id, const memory::desc& md, const Node& node) {
    for (auto* version : versions_[id]) {
      if (same_bytes(version->mem.get_desc(), md)) return version;
    }
    const auto& tensor = graph_.tensors[id];
    // In inference the weights stand still: they are packed once, ahead of time.
    const bool pack = tensor.role == Role::parameter && !training_;
    auto* from = versions_[id].front();
    auto source = from->mem;
    if (source.get_desc().get_dims() != md.get_dims()) {
      // The same values counted otherwise (a matrix, or a window of channels, rows and columns): plain order
      // is both.
      from = require(id, kernels::plain_md(source.get_desc().get_dims()), node);
      source = as(*from, kernels::plain_md(md.get_dims()));
      if (same_bytes(source.get_desc(), md)) return from;
    }
    auto* to = new_version(md, pack ? Home::persistent : Home::arena);
    push_reorder(fmt::format("{}.{}", node.name, tensor.name), node.layer,
                 pack ? kernels::Phase::pack : node.phase, from, source, to);
    versions_[id].push_back(to);
    return to;
  }

  void add_node(const Node& node) {
    kernels::Step step;
    step.name = node.name;
    step.layer = node.layer;
    step.phase = node.phase;
    step.kernel = node.kernel;
    std::vector<Version*> used;
    const bool backward = step.phase == kernels::Phase::backward;
    ImageStep image_step;
    for (const auto& [argument, md] : node.kernel.arguments) {
      if (argument == DNNL_ARG_SCRATCHPAD || node.kernel.is_output.at(argument)) continue;
      auto* version = require(node.tensors.at(argument), md, node);
      step.arguments[argument] = as(*version, md);
      used.push_back(version);
      ++version->readers;
      if (argument == (backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC)) image_step.from = version;
    }
    std::vector<std::pair<Version*, TensorId>> to_convert;
    for (const auto& [argument, md] : node.kernel.arguments) {
      if (argument == DNNL_ARG_SCRATCHPAD || !node.kernel.is_output.at(argument)) continue;
      auto* version = output_version(node, argument, md, to_convert);
      step.arguments[argument] = as(*version, md);
      used.push_back(version);
      if (argument == (backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST)) image_step.to = version;
    }
    for (auto* version : used) version->life.last = step_number_;
    if (step.kernel.prepare) {
      auto ahead = kernels::prepare_step(step);
      if (training_) ahead.phase = node.phase;  // there the weights move
      push(std::move(ahead));
      for (auto* version : used) version->life.last = step_number_;
    }
    if (step.kernel.per_image) {
      image_step.place = steps_of(step.phase).size();
      image_step.number = step_number_;
      image_steps_[step.phase].push_back(image_step);
    }
    push(std::move(step));
    for (const auto& [version, id] : to_convert) {
      push_reorder(fmt::format("{}.{}", node.name, graph_.tensors[id].name), node.layer, node.phase, version,
                   version->mem, versions_[id].front());
    }
  }

  Version* output_version(const Node& node, int argument, const memory::desc& md,
                          std::vector<std::pair<Version*, TensorId>>& to_convert) {
    const TensorId id = node.tensors.at(argument);
    auto& versions = versions_[id];
    for (auto* version : versions) {
      if (!same_bytes(version->mem.get_desc(), md)) continue;
      versions = {version};  // written in place: other copies are stale
      return version;
    }
    auto* version = new_version(md, Home::arena);
    if (graph_.tensors[id].role == Role::activation) {
      versions = {version};
    } else {
      to_convert.emplace_back(version, id);  // a gradient in another layout than its parameter's
    }
    return version;
  }

  static void set_handle(Version& version, void* handle) {
    version.mem.set_data_handle(handle);
    for (auto& alias : version.aliases) alias.set_data_handle(handle);
  }

  void place() {
    std::vector<Version*> arena, persistent;
    for (auto& version : all_) {
      if (version.home == Home::arena) arena.push_back(&version);
      if (version.home == Home::persistent) persistent.push_back(&version);
    }
    std::vector<Lifetime> lives;
    for (const auto* version : arena) lives.push_back(version->life);
    const auto layout = assign_offsets(lives);
    result_.arena = allocate_pages(layout.bytes);
    result_.arena_bytes = layout.bytes;
    for (const auto& life : lives) result_.unshared_bytes += life.bytes;
    for (std::size_t i = 0; i < arena.size(); ++i)
      set_handle(*arena[i], result_.arena.get() + layout.offsets[i]);

    std::vector<Lifetime> whole_run;
    for (const auto* version : persistent) whole_run.push_back({version->life.bytes, 0, 0});
    const auto fixed = assign_offsets(whole_run);
    result_.persistent = allocate_pages(fixed.bytes);
    for (std::size_t i = 0; i < persistent.size(); ++i) {
      set_handle(*persistent[i], result_.persistent.get() + fixed.offsets[i]);
    }
  }

  const kernels::Context& context_;
  const Graph& graph_;
  Parameters& parameters_;
  bool training_;
  std::vector<std::vector<Version*>> versions_;  // by tensor; the first is its producer's
  std::list<Version> all_;                       // stable addresses
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

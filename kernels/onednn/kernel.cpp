// Executing steps, and the refusal of reference implementations.
#include "kernels/onednn/kernel.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/onednn/region.hpp"

namespace dsx::kernels {

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::pack:
      return "pack";
    case Phase::forward:
      return "forward";
    case Phase::loss:
      return "loss";
    case Phase::backward:
      return "backward";
    case Phase::update:
      return "update";
  }
  return "";
}

std::string to_string(Phase phase) { return name_of(phase); }

void Step::execute(dnnl::stream& stream) const {
  const Region region(*this);
  if (kernel.primitive) {
    kernel.primitive.execute(stream, arguments);
    stream.wait();
  } else {
    kernel.native(arguments);
  }
}

Step prepare_step(const Step& of) {
  Step step;
  step.name = of.name + ".pack";
  step.layer = of.layer;
  step.phase = Phase::pack;
  step.kernel.kind = "pack";
  step.kernel.impl = of.kernel.impl;
  step.kernel.native = of.kernel.prepare;
  for (const int argument : {DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}) {
    const auto found = of.kernel.arguments.find(argument);
    if (found == of.kernel.arguments.end()) continue;
    step.kernel.arguments.insert(*found);
    step.kernel.is_output[argument] = false;
    step.arguments[argument] = of.arguments.at(argument);
  }
  return step;
}

void use_own_memory(Step& step) {
  for (const auto& [argument, memory] : step.kernel.own) step.arguments.insert_or_assign(argument, memory);
}

// oneDNN names its fallbacks "ref", "ref:any", "ref_int8:any"; "simple:any" is a vectorised reorder.
bool is_ref(const std::string& impl) {
  return impl.rfind("ref", 0) == 0 || impl.find(":ref") != std::string::npos;
}

namespace {

// Of what it reads.
std::string type_of(const Context& context, const Kernel& kernel) {
  for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST})
    if (const auto found = kernel.arguments.find(argument); found != kernel.arguments.end())
      return to_string(found->second.get_data_type());
  return to_string(context.dtype);
}

// For inner products the layout is no way out: where oneDNN has no other (arm64, built without the Arm
// Compute Library), only our own linear layers are.
const char* way_out(const std::string& kind) {
  return kind == "inner_product"
             ? "use --engine fused, whose large linear layers are ours, with --allow-ref for "
               "the small ones, or accept all with --allow-ref"
             : "choose another layout (nhwc works everywhere) or accept it with --allow-ref";
}

}  // namespace

void refuse_ref(const Context& context, const std::string& layer, const Kernel& kernel) {
  if (context.allow_ref || !is_ref(kernel.impl)) return;
  throw UnsupportedError(fmt::format(
      "layer {}, layout {}, {}: oneDNN {} offers only its reference implementation '{}' for this {} on this "
      "CPU ({}), which takes minutes; {}",
      layer, to_string(context.layout), type_of(context, kernel), onednn_info().version, kernel.impl,
      kernel.kind, onednn_info().effective_isa, way_out(kernel.kind)));
}

}  // namespace dsx::kernels

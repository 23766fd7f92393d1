#include "net/declare_parameters.hpp"

#include <utility>

#include "kernels/onednn/paged_memory.hpp"
#include "net/shapes.hpp"

namespace dsx::net {

Parameters declare_parameters(const kernels::Context& context, const NetworkSpec& spec,
                              const std::string& variant, const dnnl::memory::dims& input, bool partial) {
  Parameters parameters;
  for (const LayerPlace& place : place_layers(spec, variant, input, partial)) {
    const auto declare = place.layer().type->parameters;
    if (declare == nullptr) continue;
    for (Parameter& p : declare(place)) {
      p.name = place.layer().name + "." + p.name;
      p.value = kernels::make_paged_memory(kernels::plain_md(p.dims), context.engine);
      parameters.all.push_back(std::move(p));
    }
  }
  return parameters;
}

}  // namespace dsx::net

// Converting parameters between their master layout and PyTorch's order.
#include "net/graph/parameters.hpp"

#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::net {

using dnnl::memory;

std::size_t Parameter::count() const {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), memory::dim{1}, std::multiplies<>()));
}

std::vector<float> Parameter::unpack(const memory& packed) const {
  std::vector<float> values(count());
  memory plain(kernels::plain_md(dims), packed.get_engine(), values.data());
  kernels::reorder_now(packed, plain);
  return values;
}

void Parameter::pack(std::span<const float> values, memory& packed) const {
  if (values.size() != count()) {
    throw DataError(fmt::format("parameter {} has {} values ({}), but {} were given", name, count(),
                                kernels::dims_string(shape), values.size()));
  }
  // oneDNN's handle is not const, although a reorder only reads its source.
  memory plain(kernels::plain_md(dims), packed.get_engine(), const_cast<float*>(values.data()));
  kernels::reorder_now(plain, packed);
}

std::vector<float> Parameter::get() const { return unpack(value); }
std::vector<float> Parameter::get_grad() const {
  if (!grad) throw std::logic_error("parameter " + name + " has no gradient: no training plan was made");
  return unpack(grad);
}
void Parameter::set(std::span<const float> values) { pack(values, value); }

std::size_t Parameters::trainable_count() const {
  std::size_t sum = 0;
  for (const auto& parameter : all) sum += parameter.trainable ? parameter.count() : 0;
  return sum;
}

const Parameter& Parameters::at(const std::string& name) const {
  for (const auto& parameter : all) {
    if (parameter.name == name) return parameter;
  }
  throw DataError(fmt::format("the network has no parameter '{}'", name));
}
Parameter& Parameters::at(const std::string& name) {
  return const_cast<Parameter&>(std::as_const(*this).at(name));
}

}  // namespace dsx::net

// How every operator file turns a oneDNN primitive descriptor into a Kernel: one function, so that
// descriptors are always queried and never assumed.
#pragma once

#include <dnnl.hpp>
#include <initializer_list>
#include <string>
#include <utility>

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// Attributes common to all operators: the caller owns the scratchpad, so that a plan can share one.
inline dnnl::primitive_attr user_scratchpad_attr() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// Bytes of the values of `md` without padding.
inline double unpadded_bytes(const dnnl::memory::desc& md) {
  double count = 1;
  for (const auto d : md.get_dims()) count *= static_cast<double>(d);
  return count * static_cast<double>(dnnl::memory::data_type_size(md.get_data_type()));
}

template <typename Primitive>
Kernel make_kernel(std::string kind, const typename Primitive::primitive_desc& pd,
                   std::initializer_list<int> inputs, std::initializer_list<int> outputs, double flop) {
  Kernel kernel;
  kernel.kind = std::move(kind);
  kernel.impl = pd.impl_info_str();
  kernel.primitive = Primitive(pd);
  kernel.cost.flop = flop;
  const auto add = [&](int argument, bool output) {
    auto md = pd.query_md(dnnl::query::exec_arg_md, argument);
    if (md.is_zero()) return;  // an optional argument that this primitive does not use
    kernel.arguments.emplace(argument, md);
    kernel.is_output.emplace(argument, output);
    // Workspace (opaque to oneDNN's users) counts too: backward reads what training forward wrote.
    kernel.cost.min_bytes +=
        argument == DNNL_ARG_WORKSPACE ? static_cast<double>(md.get_size()) : unpadded_bytes(md);
  };
  for (const int argument : inputs) add(argument, false);
  for (const int argument : outputs) add(argument, true);
  const auto scratchpad_md = pd.scratchpad_desc();
  if (!scratchpad_md.is_zero() && scratchpad_md.get_size() > 0) {
    kernel.arguments.emplace(DNNL_ARG_SCRATCHPAD, scratchpad_md);
    kernel.is_output.emplace(DNNL_ARG_SCRATCHPAD, true);
  }
  return kernel;
}

}  // namespace dsx::kernels

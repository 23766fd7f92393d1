#include "bench/arms/reorder_arms.hpp"

#include <fmt/format.h>

#include "bench/arms/chain.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/int8.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::bench {

using dnnl::memory;

namespace {

struct Tensor {
  std::string name;
  memory::dims dims;  // of one image: N is 1
};

// What lies between the steps of a block, for one image.
std::vector<Tensor> tensors_of(const Geometry& geometry) {
  const auto conv = geometry_conv(geometry, 1, 1);
  return {{geometry.name + ".src", conv.src},
          {geometry.name + ".conv", conv.dst},
          {geometry.name + ".dst", {1, conv.dst[1], conv.dst[2] / 2, conv.dst[3] / 2}}};
}

Work build_reorder(const memory::dims& dims, const memory::desc& from_md, const memory::desc& to_md) {
  auto chain = std::make_shared<Chain>(kernels::Context{});
  if (same_bytes(from_md, to_md))
    throw UnsupportedError("both layouts are the same bytes for this tensor: nothing to reorder");
  auto values = pattern(element_count(dims), 1);
  const bool int8 = to_md.get_data_type() == memory::data_type::u8;
  if (int8)
    for (float& value : values) value = value * 32 + 127;  // whole numbers, whose scale is 1
  auto from = make_memory(chain->context(), from_md);
  write_plain(chain->context(), values, from);
  const bool quantizes = int8 && from_md.get_data_type() == memory::data_type::f32;
  auto kernel = quantizes ? kernels::quantize(chain->context(), from_md, {})
                          : kernels::reorder(chain->context(), from_md, to_md);
  auto to = chain->add("reorder", std::move(kernel), {{DNNL_ARG_FROM, from}}).at(DNNL_ARG_TO);
  fill_with_nan(to);
  chain->run();
  const auto got = read_plain(chain->context(), to);
  for (std::size_t i = 0; i < got.size(); ++i) {  // the values are exact in bf16 as well
    if (!(got[i] == values[i])) {
      throw WrongResult(fmt::format("reorder {} -> {}: value {} is {} instead of {}: not timed",
                                    kernels::describe(from_md), kernels::describe(to_md), i, got[i],
                                    values[i]));
    }
  }
  Work work;
  work.run = [chain] { chain->run(); };
  work.cost = chain->cost();
  work.label = chain->label();
  work.label.replace(work.label.find(';'), std::string::npos, "; is a reorder");
  work.buffers = {{from}, {}, {to}, {}};
  work.steps = chain->steps();
  work.keep = chain;
  return work;
}

}  // namespace

std::vector<ArmEntry> reorder_arms(const std::vector<Geometry>& geometries, const Axes& axes) {
  constexpr kernels::Layout kLayouts[] = {kernels::Layout::nhwc, kernels::Layout::nchw,
                                          kernels::Layout::blocked};
  std::vector<ArmEntry> arms;
  auto once = axes;
  once.layouts = {"each"};  // both ends are this arm's own axes
  for (const auto& geometry : geometries) {
    for (const auto& tensor : tensors_of(geometry)) {
      for (const auto from : kLayouts) {
        for (const auto to : kLayouts) {
          for_common_axes(once, [&](const CommonAxes& common) {
            const auto type = kernels::data_type_from_string(common.dtype);
            // Same layout: the conversion from f32 that a bf16 or int8 network begins with.
            if (from == to && type == memory::data_type::f32) return;
            auto dims = tensor.dims;
            dims[0] = common.batch;
            const auto from_type = from == to ? memory::data_type::f32 : type;
            const auto name =
                fmt::format("reorder/tensor:{}/from:{}_{}/to:{}_{}/batch:{}/threads:{}/cache:{}", tensor.name,
                            kernels::dtype_name(from_type), kernels::to_string(from), common.dtype,
                            kernels::to_string(to), common.batch, common.threads, common.cache);
            arms.push_back({name, common.threads, type, cache_state_from_string(common.cache), [=] {
                              kernels::require_dtype(type);
                              return build_reorder(dims, kernels::activation_md(dims, from_type, from),
                                                   kernels::activation_md(dims, type, to));
                            }});
          });
        }
      }
    }
  }
  return arms;
}

}  // namespace dsx::bench

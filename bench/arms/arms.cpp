#include "bench/arms/arms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/arms/block.hpp"
#include "bench/arms/chain.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::bench {

using dnnl::memory;

memory::data_type dtype_from_string(const std::string& name) {
  if (name == "f32") return memory::data_type::f32;
  if (name == "bf16") return memory::data_type::bf16;
  throw ConfigError(fmt::format("data type '{}' is not known: use f32 or bf16", name));
}

void require_dtype(memory::data_type type) {
  if (type != memory::data_type::bf16) return;
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto bf16 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  // oneDNN emulates bf16 on older CPUs: that would measure the emulation.
  if ((isa & bf16) != bf16) {
    throw UnsupportedError(fmt::format("bf16: this CPU has no arithmetic for it (oneDNN sees {})",
                                       kernels::onednn_info().effective_isa));
  }
}

void for_common_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit) {
  if (!chosen(axes.engines, "primitives")) return;
  for (const auto& layout : axes.layouts)
    for (const auto& dtype : axes.dtypes)
      for (const int batch : axes.batches)
        for (const int threads : axes.threads)
          for (const auto& cache : axes.caches) visit({layout, dtype, batch, threads, cache});
}

const std::vector<std::string>& engine_names() {
  static const std::vector<std::string> names{"primitives", "fused"};
  return names;
}

void for_engine_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit) {
  for_common_axes(axes, visit);
  if (!chosen(axes.engines, "fused")) return;
  auto fused = axes;
  fused.engines = {"primitives"};
  fused.layouts = {"nchw"};  // between its blocks
  for_common_axes(fused, [&](CommonAxes common) {
    common.fused = true;
    visit(common);
  });
}

std::string arm_name(const std::string& head, const CommonAxes& common, const std::string& direction) {
  if (common.fused) {
    auto primitives = common;
    primitives.fused = false;
    return arm_name(head + "/engine:fused", primitives, direction);
  }
  return fmt::format("{}/layout:{}/dtype:{}/direction:{}/batch:{}/threads:{}/cache:{}", head, common.layout,
                     common.dtype, direction, common.batch, common.threads, common.cache);
}

bool chosen(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

namespace {

// A convolution alone exists once per stride: after any pooled operator it is the same one.
bool has_arm(Unit unit, const std::string& op) {
  if (unit == Unit::conv) return op == kNoOperator || downsample::downsample_op(op).acts_in_convolution();
  return unit == Unit::block || op != kNoOperator;
}

void add_block_arms(const Geometry& geometry, const std::string& op, const std::string& unit,
                    const Axes& axes, std::vector<ArmEntry>& arms) {
  BlockSpec spec;
  spec.geometry = geometry;
  spec.op = op;
  spec.unit = unit_from_string(unit);
  spec.allow_ref = axes.allow_ref;
  const auto head = fmt::format("{}/op:{}/unit:{}", geometry.name, op, unit);
  for (const auto& direction : direction_names()) {
    if (!chosen(axes.directions, direction)) continue;
    const auto for_axes = spec.unit == Unit::block ? for_engine_axes : for_common_axes;
    for_axes(axes, [&](const CommonAxes& common) {
      spec.fused = common.fused;
      spec.layout = kernels::layout_from_string(common.layout);
      spec.dtype = dtype_from_string(common.dtype);
      spec.direction = direction_from_string(direction);
      spec.batch = common.batch;
      arms.push_back({arm_name(head, common, direction), common.threads, spec.dtype,
                      cache_state_from_string(common.cache), [spec] {
                        require_dtype(spec.dtype);
                        return build_block(spec);
                      }});
    });
  }
}

}  // namespace

std::vector<ArmEntry> block_arms(const std::vector<Geometry>& geometries, const Axes& axes) {
  std::vector<ArmEntry> arms;
  for (const auto& geometry : geometries) {
    for (const auto& unit : axes.units) {
      for (const auto& op : operators_of(geometry)) {
        const bool own = geometry.own && op == geometry.own->name();
        if (!chosen(axes.ops, op)) continue;
        if (own ? unit_from_string(unit) != Unit::conv : has_arm(unit_from_string(unit), op)) {
          add_block_arms(geometry, op, unit, axes, arms);
        }
      }
    }
  }
  return arms;
}

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
  auto from = make_memory(chain->context(), from_md);
  write_plain(chain->context(), values, from);
  auto to = chain->add("reorder", kernels::reorder(chain->context(), from_md, to_md), {{DNNL_ARG_FROM, from}})
                .at(DNNL_ARG_TO);
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
            const auto type = dtype_from_string(common.dtype);
            // Same layout: the conversion from f32 that a bf16 network begins with.
            if (from == to && type == memory::data_type::f32) return;
            auto dims = tensor.dims;
            dims[0] = common.batch;
            const auto from_type = from == to ? memory::data_type::f32 : type;
            const auto name =
                fmt::format("reorder/tensor:{}/from:{}_{}/to:{}_{}/batch:{}/threads:{}/cache:{}", tensor.name,
                            kernels::to_string(from_type), kernels::to_string(from), common.dtype,
                            kernels::to_string(to), common.batch, common.threads, common.cache);
            arms.push_back({name, common.threads, type, cache_state_from_string(common.cache), [=] {
                              require_dtype(type);
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

std::vector<std::string> all_directions() {
  auto names = direction_names();
  for (const auto& name : network_direction_names()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<ArmEntry> all_arms(const std::vector<Geometry>& geometries, const Axes& axes) {
  std::vector<ArmEntry> arms;
  const auto append = [&](std::vector<ArmEntry> more) {
    arms.insert(arms.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  append(block_arms(geometries, axes));
  append(fc1_arms(axes));
  append(network_arms(axes));
  append(reorder_arms(geometries, axes));
  return arms;
}

}  // namespace dsx::bench

#include "bench/arms/axes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/base/error.hpp"
#include "kernels/onednn/layout.hpp"

namespace dsx::bench {

kernels::Context context_of(const CommonAxes& common, bool allow_ref) {
  kernels::Context context;
  context.layout = kernels::layout_from_string(common.layout);
  context.dtype = kernels::data_type_from_string(common.dtype);
  context.allow_ref = allow_ref;
  context.fused = common.fused;
  context.algorithm = common.algorithm;
  return context;
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
  for (const auto& name : axes.algorithms) {
    const auto algorithm = kernels::algorithm_from_string(name);
    for_common_axes(fused, [&](CommonAxes common) {
      common.fused = true;
      common.algorithm = algorithm;
      visit(common);
    });
  }
}

std::string arm_name(const std::string& head, const CommonAxes& common, const std::string& direction) {
  if (common.fused) {
    auto primitives = common;
    primitives.fused = false;
    const bool direct = common.algorithm == kernels::Algorithm::direct;
    return arm_name(
        head + "/engine:fused" + (direct ? "" : "/algorithm:" + kernels::to_string(common.algorithm)),
        primitives, direction);
  }
  return fmt::format("{}/layout:{}/dtype:{}/direction:{}/batch:{}/threads:{}/cache:{}", head, common.layout,
                     common.dtype, direction, common.batch, common.threads, common.cache);
}

bool chosen(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace dsx::bench

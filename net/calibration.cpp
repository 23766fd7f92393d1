#include "net/calibration.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace dsx::net {

namespace {

// All that is stored: padding of a layout is zeros, which are in every range.
std::span<const float> stored(const dnnl::memory& memory) {
  return {static_cast<const float*>(memory.get_data_handle()), memory.get_desc().get_size() / sizeof(float)};
}

}  // namespace

Calibration::Calibration(Network& network, int batch)
    : stream_(network.context().stream), plan_(network.make_f32_plan(batch)) {
  plan_.pack();
}

void Calibration::observe() {
  std::map<std::string, Range> seen;  // a layer of several steps ends with its result
  for (const kernels::Step& step : plan_.forward_steps()) {
    if (seen.empty()) seen[kInputScale] = range_of(step.arguments.at(DNNL_ARG_SRC));
    step.execute(stream_);
    if (!step.is_reorder) seen[step.layer] = range_of(step.arguments.at(DNNL_ARG_DST));
  }
  for (const auto& [layer, range] : seen) {
    Range& all = ranges_[layer];
    all = {std::min(all.least, range.least), std::max(all.most, range.most)};
  }
}

Calibration::Range Calibration::range_of(const dnnl::memory& values) {
  const auto [least, most] = std::ranges::minmax(stored(values));
  return {std::min(0.F, least), std::max(0.F, most)};
}

Quantization Calibration::result() const {
  Quantization quantization;
  for (const auto& [layer, range] : ranges_)
    quantization.scales[layer] = kernels::u8_scale(range.least, range.most);
  return quantization;
}

}  // namespace dsx::net

#include "study/exchange/properties.hpp"

#include <fmt/format.h>

#include "kernels/base/version.hpp"
#include "study/training/metrics.hpp"

namespace dsx::exchange {
namespace {

// In the order in which it is done.
std::string preprocessing_text(const settings::Settings& s) {
  std::string text = fmt::format("resize to {0} x {0} ({1})", s.size, s.resize);
  if (s.equalize) text += ", equalize the histogram";
  if (s.denoise) text += ", 3x3 median";
  if (s.sharpen) text += ", sharpen (0 -1 0, -1 5 -1, 0 -1 0)";
  return text + ", divide by 255, subtract mean, divide by std";
}

}  // namespace

Properties properties_of(const run::OpenedRun& run) {
  const settings::Settings& s = run.settings;
  Properties properties{
      {"run", run.name},
      {"checkpoint", fmt::format("{}, epoch {}", run.checkpoint, run.epoch)},
      {"commit", kProgramCommit},
      {"network", run.network.spec().name},
      {"variant", s.variant},
      {"input", fmt::format("N x {} x {} x {}, float32, {}", s.channels, s.size, s.size,
                            s.channels == 1 ? "grey" : "red, green, blue")},
      {"preprocessing", preprocessing_text(s)},
      {"size", fmt::to_string(s.size)},
      {"channels", fmt::to_string(s.channels)},
      {"mean", fmt::to_string(s.mean)},
      {"std", fmt::to_string(s.std)},
      {"resize", s.resize},
      {"output", "logit; probability of the positive class = 1 / (1 + exp(-logit))"},
  };
  if (run.class_names.size() == 2) {
    properties.emplace_back("negative_class", run.class_names[0]);
    properties.emplace_back("positive_class", run.class_names[1]);
  }
  if (run.logit_threshold) {
    properties.emplace_back("logit_threshold", fmt::to_string(*run.logit_threshold));
    properties.emplace_back("threshold", fmt::to_string(training::sigmoid(*run.logit_threshold)));
  }
  properties.emplace_back(kSettingsProperty, settings::to_yaml(s, ""));
  return properties;
}

}  // namespace dsx::exchange

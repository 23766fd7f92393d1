#include "study/settings/engine.hpp"

#include <fmt/format.h>

#include "kernels/downsample/downsample.hpp"

namespace dsx::settings {

std::string unfused_text(const std::string& engine, const std::vector<std::string>& variants) {
  if (engine != "fused") return "";
  std::vector<std::string> unfused;
  for (const auto& variant : variants) {
    if (downsample::downsample_op(variant).fused == nullptr) unfused.push_back(variant);
  }
  if (unfused.empty()) return "";
  const bool one = unfused.size() == 1;
  return fmt::format("--engine fused: {} {} no fused kernel; {} downsampling runs as steps of its own\n",
                     fmt::join(unfused, ", "), one ? "has" : "have", one ? "its" : "their");
}

}  // namespace dsx::settings

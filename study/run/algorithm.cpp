#include "study/run/algorithm.hpp"

#include <fmt/format.h>

namespace dsx::run {

std::string algorithm_text(kernels::Algorithm algorithm, const std::vector<net::PlanRow>& rows) {
  if (algorithm == kernels::Algorithm::direct) return "";
  std::vector<std::string> fast, direct;
  for (const auto& row : rows) {
    if (row.kind != "fused_block" || row.phase != "forward") continue;
    if (row.impl.find(":fast:") == std::string::npos) {
      direct.push_back(row.layer);
    } else {
      fast.push_back(
          fmt::format("{} by fast filters, {:.2f} of its FLOP", row.layer, row.executed_mflop / row.mflop));
    }
  }
  if (!direct.empty()) fast.push_back(fmt::format("{} as direct", fmt::join(direct, ", ")));
  if (fast.empty()) fast.emplace_back("no block of this plan has a fast kernel (training has none)");
  return fmt::format("--algorithm {}: {}\n", kernels::to_string(algorithm), fmt::join(fast, "; "));
}

}  // namespace dsx::run

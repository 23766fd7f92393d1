// What `study explain` knows about the claim that memory access, not arithmetic, decides latency.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx::findings {

// What an explain.json says of where the difference between two variants comes from. Shares of the whole
// difference, each from the ends of both intervals, so that they cannot be too narrow.
struct ExplainedShare {
  std::string a, b;
  double whole_ms = statistics::kNotEstimable;
  statistics::Estimate convolution;  // arithmetic of the convolution: the FLOPs
  statistics::Estimate traffic;      // moving the intermediate image once more
  std::string not_available;
  bool noisy = false;     // the report says that its machine was busy
  bool disputed = false;  // its experiments contradict each other about memory traffic in `a` or `b`
};
// One per pair that the report explains; none when `path` is empty. Throws DataError when it cannot be read.
std::vector<ExplainedShare> explained_shares(const std::filesystem::path& path);

}  // namespace dsx::findings

// Whether a report can be trusted, and whether two of them agree: the rules, and the words for them.
#pragma once

#include <string>
#include <vector>

#include "study/explain/report.hpp"

namespace dsx::explain {

constexpr double kMostSpread = 0.15;  // of a part: its interval either way, and from one report to the next
constexpr double kSmallPart = 0.05;  // of the largest part of its experiment: below, as uncertain as it likes

// Why an experiment's figures cannot be trusted; empty when they can.
std::vector<std::string> noise_of(const ExperimentReport& experiment);

// The parts of the experiments that both reports have: those that differ by more than kMostSpread, and the
// experiments in which parts change their order, unless they are within kMostSpread of each other. `parts`,
// `experiments`: how many were compared.
struct Agreement {
  std::size_t parts = 0, experiments = 0;
  std::vector<std::string> apart, reordered;
  bool holds() const { return apart.empty() && reordered.empty(); }
};
Agreement agreement(const ExplainReport& a, const ExplainReport& b);
std::string to_text(const Agreement& agreement);

}  // namespace dsx::explain

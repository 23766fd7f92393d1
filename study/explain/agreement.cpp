#include "study/explain/agreement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/base/counted.hpp"

namespace dsx::explain {

namespace {

constexpr double kMostNeighbours = 0.05;  // of all CPU time
constexpr double kMostDisturbed = 0.25;   // of all samples

double largest_part(const ExperimentReport& experiment) {
  double largest = 0;
  for (const auto& finding : experiment.findings) {
    if (finding.is_part) largest = std::max(largest, std::abs(finding.interval.value));
  }
  return largest;
}

struct Pair {
  const Finding *a, *b;
};

// The parts that both have and that are not small beside the largest.
std::vector<Pair> common_parts(const ExperimentReport& a, const ExperimentReport& b) {
  std::map<std::string, const Finding*> others;
  for (const auto& finding : b.findings) others[finding.id] = &finding;
  const double least = kSmallPart * largest_part(a);
  std::vector<Pair> pairs;
  for (const auto& finding : a.findings) {
    const auto found = others.find(finding.id);
    if (finding.is_part && found != others.end() && std::abs(finding.interval.value) >= least)
      pairs.push_back({&finding, found->second});
  }
  return pairs;
}

bool apart(const Interval& x, const Interval& y) { return x.low > y.high || y.low > x.high; }

bool tie(const Finding& x, const Finding& y) {
  const double a = std::abs(x.interval.value), b = std::abs(y.interval.value);
  return std::abs(x.interval.value - y.interval.value) <= kMostSpread * std::max(a, b);
}

bool ranks_differ(const std::vector<Pair>& pairs) {
  for (const auto& p : pairs) {
    for (const auto& q : pairs) {
      const bool before = p.a->interval.value > q.a->interval.value && apart(p.a->interval, q.a->interval);
      const bool after = p.b->interval.value < q.b->interval.value && apart(p.b->interval, q.b->interval);
      const bool ties = tie(*p.a, *q.a) && tie(*p.b, *q.b);
      if (p.a->unit == q.a->unit && before && after && !ties) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> noise_of(const ExperimentReport& experiment) {
  std::vector<std::string> noise;
  if (experiment.neighbours_share > kMostNeighbours) {
    noise.push_back(fmt::format("{}: other processes used {:.0f}% of the CPUs", experiment.name,
                                100 * experiment.neighbours_share));
  }
  if (static_cast<double>(experiment.disturbed_samples) >
      kMostDisturbed * static_cast<double>(experiment.sample_count)) {
    noise.push_back(fmt::format("{}: another process took a core during {} of {}", experiment.name,
                                experiment.disturbed_samples, counted(experiment.sample_count, "sample")));
  }
  // Over processes a wide interval is what a later process may differ by, and few of them make it wide.
  if (experiment.processes > 1) return noise;
  const double largest = largest_part(experiment);
  for (const auto& finding : experiment.findings) {
    const double half_width = (finding.interval.high - finding.interval.low) / 2;
    if (finding.is_part && half_width > kMostSpread * std::abs(finding.interval.value) &&
        half_width > kSmallPart * largest) {
      noise.push_back(fmt::format("{}: its interval is {}, wider than 15% either way", finding.id,
                                  interval_text(finding.interval, finding.unit)));
    }
  }
  return noise;
}

Agreement agreement(const ExplainReport& a, const ExplainReport& b) {
  Agreement result;
  for (const auto& experiment : a.experiments) {
    for (const auto& other : b.experiments) {
      if (experiment.name != other.name) continue;
      const auto pairs = common_parts(experiment, other);
      if (pairs.empty()) continue;
      ++result.experiments;
      result.parts += pairs.size();
      for (const auto& [x, y] : pairs) {
        const double ratio = y->interval.value / x->interval.value;
        if (!(ratio >= 1 - kMostSpread && ratio <= 1 / (1 - kMostSpread)))
          result.apart.push_back(fmt::format("{} ({} against {})", x->id, interval_text(x->interval, x->unit),
                                             interval_text(y->interval, y->unit)));
      }
      if (ranks_differ(pairs)) result.reordered.push_back(experiment.name);
    }
  }
  return result;
}

std::string to_text(const Agreement& agreement) {
  if (agreement.parts == 0) return "No part is in both reports.\n";
  std::string text =
      fmt::format("Parts of at least 5% of the largest in their experiment: {}, of which {} agree within 15%",
                  agreement.parts, agreement.parts - agreement.apart.size());
  text += agreement.apart.empty() ? ".\n" : fmt::format("; not: {}.\n", fmt::join(agreement.apart, ", "));
  text += fmt::format(
      "Ranking of the parts (those that differ by more than 15%): the same in {} of {} experiments",
      agreement.experiments - agreement.reordered.size(), agreement.experiments);
  text +=
      agreement.reordered.empty() ? ".\n" : fmt::format("; not: {}.\n", fmt::join(agreement.reordered, ", "));
  return text;
}

}  // namespace dsx::explain

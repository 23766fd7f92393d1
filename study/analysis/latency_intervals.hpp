// Intervals of latency over processes: samples of one process share its memory, addresses and minutes, so
// that thousands of them agree far better than two processes do. By bench/measure/process_interval.hpp.
#pragma once

#include <string>
#include <vector>

#include "bench/measure/process_interval.hpp"
#include "study/statistics/estimate.hpp"

namespace dsx::analysis {

// What is repeated: fresh processes; plans built anew within one, in files of earlier versions.
struct RepeatedUnit {
  std::string one, several;  // "process", "processes"
};

// A ratio over processes; p against 1. se is the logarithm's.
statistics::Estimate ratio_over_processes(const std::vector<bench::ProcessSamples>& ratios, double confidence,
                                          const RepeatedUnit& unit);

struct QuantileInterval {
  double value = statistics::kNotEstimable, low = statistics::kNotEstimable, high = statistics::kNotEstimable;
};
// A quantile of all samples of all processes together, as a user over a long time meets it. Its interval is
// Woodruff's (1952, JASA 47:635) for samples in clusters: how far the processes' shares of samples below the
// value differ says how far that share may be off, and the ends are the quantiles there. An end is missing
// where there are too few samples for it, both with one process.
QuantileInterval quantile_over_processes(const std::vector<bench::ProcessSamples>& processes, double q,
                                         double confidence);

}  // namespace dsx::analysis

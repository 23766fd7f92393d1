// What the processes of latency_run.hpp say, as tables and records of ratios.
#pragma once

#include "study/analysis/analysis.hpp"
#include "study/analysis/latency_run.hpp"

namespace dsx::analysis {

// A run without processes gives empty tables and a note.
void add_latency_tables(Analysis& analysis, const LatencyRun& run);

}  // namespace dsx::analysis

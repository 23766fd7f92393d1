// What the samples of latency_run.hpp say.
#pragma once

#include "study/analysis/analysis.hpp"
#include "study/analysis/latency_run.hpp"

namespace dsx::analysis {

// A run without sets gives empty tables and a note.
void add_latency_tables(Analysis& analysis, const LatencyRun& run);

}  // namespace dsx::analysis

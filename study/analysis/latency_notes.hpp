// The sentences of a comparison's latency: what its reader must know first, and how to read it.
#pragma once

#include "study/analysis/analysis.hpp"
#include "study/analysis/latency_run.hpp"

namespace dsx::analysis {

// The table `latency_warnings`, a sentence each, by what it is about: spread (the next process may differ by
// more than samples show), process (all samples are of one), memory (its course). Reports say them before any
// time. `stability` is the table latency_stability.
ResultTable latency_warnings(const LatencyRun& run, const ResultTable& stability);

// Adds notes on where and how latency was measured, and whether the machine was busy.
void add_latency_notes(Analysis& analysis, const LatencyRun& run);

}  // namespace dsx::analysis

// The answer of a comparison in at most three sentences: accuracy, decision bias, and cost with an advice.
// They are written from the verdicts on clean labels by fixed rules; nothing is estimated or decided here.
#pragma once

#include "study/analysis/result_table.hpp"

namespace dsx::findings {

// The table `answer` (part: accuracy, bias, cost) from the tables verdicts, swap_parts and latency, which may
// be empty. No rows for one variant.
analysis::ResultTable answer_of(const analysis::ComparisonResults& results);

}  // namespace dsx::findings

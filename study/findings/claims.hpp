// The original study's claims against our measurements. Each verdict is a function of intervals that is
// written down in the row itself (`how_decided`); no text is decided by hand.
#pragma once

#include <filesystem>

#include "study/analysis/analysis.hpp"

namespace dsx::findings {

// Adds the table `claims`. `explain`: see FinishOptions.
void add_claims(analysis::Analysis& analysis, const std::filesystem::path& explain);
bool latency_was_busy(const analysis::ComparisonResults& results);

}  // namespace dsx::findings

// The original study's claims against our measurements: rows of claim_list.hpp. Each verdict is a function of
// intervals that is written down in the row itself (`how_decided`); no text is decided by hand.
#pragma once

#include <filesystem>

#include "study/analysis/analysis.hpp"

namespace dsx::findings {

// Adds the table `claims`, empty unless `wanted` (on a user's own data the original's claims mean nothing).
// `explain`: see FinishOptions. After all other tables, which it reads.
void add_claims(analysis::Analysis& analysis, const std::filesystem::path& explain, bool wanted = true);
bool latency_was_busy(const analysis::ComparisonResults& results);

}  // namespace dsx::findings

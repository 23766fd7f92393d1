// McNemar's test of two classifiers on the same images.
#pragma once

#include "study/statistics/proportion.hpp"

namespace dsx::statistics {

// McNemar's test on the discordant pairs: exact (binomial), or mid-p (half of the observed outcome's
// probability; less conservative: Fagerland, Lydersen & Laake 2013, BMC Med. Res. Methodol. 13:91). No
// discordant pair: p = 1.
enum class McNemar { exact, mid_p };
double mcnemar_p(const PairedCounts& counts, McNemar kind = McNemar::exact);

}  // namespace dsx::statistics

// What became of --algorithm in a plan: which blocks have a fast kernel is a matter of shape and CPU, so it
// is said wherever a run is announced.
#pragma once

#include <string>
#include <vector>

#include "kernels/onednn/context.hpp"
#include "net/plan/plan.hpp"

namespace dsx::run {

// "--algorithm fast: conv2 by fast filters, 0.45 of its FLOP; conv1 as direct\n"; empty for direct.
std::string algorithm_text(kernels::Algorithm algorithm, const std::vector<net::PlanRow>& rows);

}  // namespace dsx::run

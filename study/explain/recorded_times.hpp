// The sets of an experiment over processes, in the order in which the experiment asks for them.
#pragma once

#include <string>
#include <vector>

#include "study/explain/experiment.hpp"
#include "study/explain/process_times.hpp"

namespace dsx::explain {

// The next set of the experiment under way, of those processes that measured these arms in it; without any
// process: the set is to be timed here.
ProcessTimes recorded_times(ExplainContext& context, const std::vector<std::string>& arms);

// Into the report, when it is the first of its experiment: what must be said before its figures.
void say_spread(const ProcessTimes& times, ExperimentReport& report);

}  // namespace dsx::explain

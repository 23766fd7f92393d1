// The sets of an experiment: timed here, or taken from the processes that timed them. Every time that a
// finding or a word in the account rests on comes through here, so that an experiment goes over processes by
// its row in the table alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "study/explain/experiment.hpp"
#include "study/explain/process_times.hpp"

namespace dsx::explain {

// The set of these arms, of those processes that measured it; without any, as `time_here` measures it, and
// told to the process that started this one, if one did. A set is known by its arms' names: they must differ
// from those of every other set of the experiment. Counts and samples go to the report, and what must be said
// before its figures when they are the first that differ by process.
ProcessTimes recorded_times(ExplainContext& context, ExperimentReport& report,
                            const std::vector<std::string>& arms,
                            const std::function<RecordedSet()>& time_here);

}  // namespace dsx::explain

#include "study/explain/recorded_times.hpp"

#include <algorithm>

namespace dsx::explain {

ProcessTimes recorded_times(ExplainContext& context, const std::vector<std::string>& arms) {
  const std::size_t set = context.next_set++;
  const auto name_of = [](const RecordedArm& arm) { return arm.name; };
  ProcessTimes times;
  for (const Recording& process : context.processes)
    if (set < process.sets.size() && std::ranges::equal(process.sets[set], arms, {}, name_of))
      times.add_process(process.start_s, process.sets[set]);
  return times;
}

void say_spread(const ProcessTimes& times, ExperimentReport& report) {
  if (report.spread.empty()) report.spread = times.spread_sentence();
  report.processes = std::max(report.processes, times.processes());
}

}  // namespace dsx::explain

#include "study/explain/recorded_times.hpp"

#include <algorithm>

namespace dsx::explain {
namespace {

void add_to(ExperimentReport& report, const ProcessTimes& times, const std::vector<std::string>& arms) {
  if (report.spread.empty()) report.spread = times.spread_sentence();
  report.processes = std::max(report.processes, times.processes());
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    auto all = times.together(arm);
    report.sample_count += all.samples_ns.size() + all.left_out;
    report.disturbed_samples += all.disturbed;
    report.samples.emplace_back(arms[arm], std::move(all.samples_ns));
  }
}

}  // namespace

ProcessTimes recorded_times(ExplainContext& context, ExperimentReport& report,
                            const std::vector<std::string>& arms,
                            const std::function<RecordedSet()>& time_here) {
  ProcessTimes times;
  for (const Recording& process : context.processes) {
    const auto set = std::ranges::find_if(process.sets, [&](const RecordedSet& one) {
      return std::ranges::equal(one, arms, {}, &RecordedArm::name);
    });
    if (set != process.sets.end()) times.add_process(process.start_s, *set);
  }
  if (times.processes() == 0) {
    RecordedSet set = time_here();
    if (context.recording != nullptr) context.recording->sets.push_back(set);
    times.add_process(0, std::move(set));
  }
  add_to(report, times, arms);
  return times;
}

}  // namespace dsx::explain

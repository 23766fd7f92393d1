#include "study/explain/arm_set.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "kernels/base/clock.hpp"
#include "study/explain/recorded_times.hpp"

namespace dsx::explain {

std::size_t ArmSet::add(const std::string& name, bench::Work work, bench::CacheState cache) {
  auto kept = std::make_shared<bench::Work>(std::move(work));
  bench::Arm arm{name, [kept] { kept->run(); }, kept->prepare};
  if (cache != bench::CacheState::hot) {
    arm.prepare = [kept, flushed = bench::flushed_by(cache, kept->buffers)] {
      if (kept->prepare) kept->prepare();
      bench::flush_from_caches(flushed);
    };
  }
  arms_.push_back(std::move(arm));
  works_.push_back(std::move(kept));
  return arms_.size() - 1;
}

std::size_t ArmSet::add(const std::string& name, std::function<void()> run, std::function<void()> prepare) {
  arms_.push_back({name, std::move(run), std::move(prepare)});
  works_.push_back(std::make_shared<bench::Work>());
  return arms_.size() - 1;
}

// Fewer samples give no 95% interval of a median, whatever the budget.
constexpr int kLeastRounds = 6;

void ArmSet::run() {
  std::vector<std::string> names;
  for (const auto& arm : arms_) names.push_back(arm.name);
  times_ = recorded_times(context_, report_, names, [this] { return time_here(); });
  take_together();
  if (context_.counters) add_counters();
}

RecordedSet ArmSet::time_here() {
  bench::MeasureOptions options;
  options.warmup_runs = 2;
  options.settle_runs = settle_runs_;
  // The 95% interval of a median is then the 6th to 16th sample; one of several processes needs its median
  // alone.
  options.min_rounds = context_.recording != nullptr ? kLeastRounds : 21;
  options.max_rounds = 400;
  // Many slow arms, or little time left: fewer rounds, wider intervals. What is not timed takes time as well.
  const double most_s = context_.budget.take_set();
  const Stopwatch watch;
  options.max_time_s = 8 * seconds_ + 0.3;
  options.min_time_s = std::min(seconds_, options.max_time_s);
  options.keep_going = [&](int done) { return done < kLeastRounds || watch.elapsed_s() < most_s; };
  options.repeat_disturbed = true;
  options.counters = context_.counters.get();
  RecordedSet set;
  for (auto& result : bench::measure(arms_, options))
    set.push_back({result.name, std::move(result.samples_ns), result.left_out_ns.size(),
                   result.disturbed_samples, std::move(result.counters)});
  return set;
}

void ArmSet::take_together() {
  results_.clear();
  for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
    RecordedArm all = times_.together(arm);
    bench::Result result;
    result.name = all.name;
    result.summary = bench::summarize(all.samples_ns, all.left_out);
    result.samples_ns = std::move(all.samples_ns);
    result.disturbed_samples = all.disturbed;
    result.counters = std::move(all.counters);
    results_.push_back(std::move(result));
  }
}

// One row per arm, each counter per run of it, in one table for the whole experiment. A counter that this
// machine does not give is a note with its reason.
void ArmSet::add_counters() {
  if (results_.empty() || results_.front().counters.rows.empty()) return;
  const auto& first = results_.front().counters.rows;
  auto table = std::find_if(report_.tables.begin(), report_.tables.end(),
                            [](const ReportTable& t) { return t.name == "counters"; });
  if (table == report_.tables.end()) {
    ReportTable made{"counters", "counted over all threads, per run", {{"arm", ""}}, {}};
    made.in_text = false;
    for (const auto& row : first) {
      made.columns.push_back({row.name, row.name == "task_clock" ? "ns" : "", 1});
      made.in_text |= row.name == "cycles" && row.not_available.empty();
    }
    report_.tables.push_back(std::move(made));
    table = std::prev(report_.tables.end());
    std::map<std::string, std::string> reasons;  // reason -> counters
    for (const auto& row : first) {
      if (row.not_available.empty()) continue;
      auto& names = reasons[row.not_available];
      names += (names.empty() ? "" : ", ") + row.name;
    }
    for (const auto& [reason, names] : reasons) report_.notes.push_back(names + ": not available: " + reason);
  }
  for (const auto& result : results_) {
    std::vector<ReportCell> row{result.name};
    const auto runs = static_cast<double>(std::max<std::size_t>(1, result.samples_ns.size()));
    for (const auto& counter : result.counters.rows)
      row.emplace_back(counter.not_available.empty() ? counter.value / runs : std::nan(""));
    row.resize(table->columns.size(), ReportCell(std::nan("")));
    table->rows.push_back(std::move(row));
  }
}

}  // namespace dsx::explain

#include "study/explain/process_times.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dsx::explain {

Interval interval_of(const bench::Summary& summary) {
  return {summary.median_ns, summary.median_low_ns, summary.median_high_ns};
}

Interval ProcessTimes::interval_of_processes(const std::vector<bench::ProcessSamples>& samples,
                                             bench::ProcessScale scale) {
  if (samples.size() == 1) return interval_of(bench::summarize(samples.front().values));
  const auto interval = bench::process_interval(samples, scale);
  return {interval.value, interval.low, interval.high};
}

std::vector<bench::ProcessSamples> ProcessTimes::samples_of(std::size_t arm) const {
  std::vector<bench::ProcessSamples> samples;
  for (const auto& process : processes_)
    samples.push_back({process.start_s, process.arms.at(arm).samples_ns});
  return samples;
}

Interval ProcessTimes::time_ns(std::size_t arm) const {
  return interval_of_processes(samples_of(arm), bench::ProcessScale::log);
}

Interval ProcessTimes::combination_ns(const std::vector<Term>& terms) const {
  std::vector<bench::ProcessSamples> samples;
  for (const auto& process : processes_) {
    std::size_t rounds = process.arms.at(terms.front().arm).samples_ns.size();
    for (const auto& term : terms) rounds = std::min(rounds, process.arms.at(term.arm).samples_ns.size());
    std::vector<double> values(rounds, 0.0);
    for (const auto& term : terms)
      for (std::size_t i = 0; i < rounds; ++i)
        values[i] += term.weight * process.arms.at(term.arm).samples_ns[i];
    samples.push_back({process.start_s, std::move(values)});
  }
  return interval_of_processes(samples, bench::ProcessScale::plain);
}

Interval ProcessTimes::ratio(std::size_t a, std::size_t b) const {
  std::vector<bench::ProcessSamples> samples;
  for (const auto& process : processes_) {
    const auto &x = process.arms.at(a).samples_ns, &y = process.arms.at(b).samples_ns;
    std::vector<double> values;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) values.push_back(x[i] / y[i]);
    samples.push_back({process.start_s, std::move(values)});
  }
  return interval_of_processes(samples, bench::ProcessScale::log);
}

const ProcessTimes::Process* ProcessTimes::at(double start_s) const {
  const auto found = std::ranges::find(processes_, start_s, &Process::start_s);
  return found == processes_.end() ? nullptr : &*found;
}

Interval ProcessTimes::beside(const ProcessTimes& other, bench::ProcessScale scale,
                              const Values& values) const {
  std::vector<bench::ProcessSamples> samples;
  for (const auto& process : processes_)
    if (const auto* theirs = other.at(process.start_s); theirs != nullptr)
      samples.push_back({process.start_s, values(process.arms, theirs->arms)});
  return interval_of_processes(samples, scale);
}

ProcessTimes ProcessTimes::joined(const ProcessTimes& other) const {
  ProcessTimes both;
  for (const auto& process : processes_) {
    const auto* theirs = other.at(process.start_s);
    if (theirs == nullptr) continue;
    RecordedSet arms = process.arms;
    arms.insert(arms.end(), theirs->arms.begin(), theirs->arms.end());
    both.add_process(process.start_s, std::move(arms));
  }
  return both;
}

RecordedArm ProcessTimes::together(std::size_t arm) const {
  RecordedArm all = processes_.front().arms.at(arm);
  for (std::size_t p = 1; p < processes_.size(); ++p) {
    const RecordedArm& one = processes_[p].arms.at(arm);
    all.samples_ns.insert(all.samples_ns.end(), one.samples_ns.begin(), one.samples_ns.end());
    all.left_out += one.left_out;
    all.disturbed += one.disturbed;
    for (std::size_t i = 0; i < std::min(all.counters.rows.size(), one.counters.rows.size()); ++i)
      all.counters.rows[i].value += one.counters.rows[i].value;
  }
  return all;
}

std::string ProcessTimes::spread_sentence() const {
  if (processes_.size() < 2) return "";
  std::string sentence;
  double most = 0;
  for (std::size_t arm = 0; arm < processes_.front().arms.size(); ++arm) {
    const auto interval = bench::process_interval(samples_of(arm));
    const double share = std::max(interval.between, interval.over_time) / interval.value;
    if (const auto text = bench::spread_sentence(interval); !text.empty() && share > most) {
      most = share;
      sentence = fmt::format("{}: {}", processes_.front().arms[arm].name, text);
    }
  }
  return sentence;
}

}  // namespace dsx::explain

// Arms that are timed interleaved, so that their differences can be taken sample by sample: what disturbs or
// slows the machine for a while hits both sides of a difference. In an experiment over processes they were
// timed in several of them (ExplainContext::processes); figures are then over processes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/arms/work.hpp"
#include "bench/measure/measure.hpp"
#include "study/explain/experiment.hpp"
#include "study/explain/process_times.hpp"

namespace dsx::explain {

class ArmSet {
 public:
  // `settle_runs` untimed runs before each sample bring the caches back to the state of a program that does
  // nothing but this arm.
  ArmSet(ExplainContext& context, ExperimentReport& report, double seconds, int settle_runs = 1)
      : context_(context), report_(report), seconds_(seconds), settle_runs_(settle_runs) {}

  // Returns the arm's number. `work` is kept alive.
  std::size_t add(const std::string& name, bench::Work work,
                  bench::CacheState cache = bench::CacheState::hot);
  std::size_t add(const std::string& name, std::function<void()> run, std::function<void()> prepare = {});
  const bench::Work& work(std::size_t arm) const { return *works_.at(arm); }
  std::size_t size() const { return arms_.size(); }

  // Times all, or takes them from the processes that did; samples and disturbances go to the report.
  void run();

  const ProcessTimes& times() const { return times_; }
  Interval time_ns(std::size_t arm) const { return times_.time_ns(arm); }
  const bench::Result& result(std::size_t arm) const {
    return results_.at(arm);
  }  // of all processes together
  // Of sum(weight * time of arm), round by round, with its interval: {{a, 1}, {b, -1}} is a difference.
  using Term = ProcessTimes::Term;
  Interval combination_ns(const std::vector<Term>& terms) const { return times_.combination_ns(terms); }
  Interval difference_ns(std::size_t a, std::size_t b) const { return combination_ns({{a, 1}, {b, -1}}); }
  Interval ratio(std::size_t a, std::size_t b) const { return times_.ratio(a, b); }

 private:
  RecordedSet time_here();
  void take_together();
  void add_counters();

  ExplainContext& context_;
  ExperimentReport& report_;
  double seconds_;
  int settle_runs_;
  std::vector<bench::Arm> arms_;
  std::vector<std::shared_ptr<bench::Work>> works_;
  std::vector<bench::Result> results_;
  ProcessTimes times_;
};

}  // namespace dsx::explain

#include "study/analysis/latency_tables.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "bench/machine/memory_course.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "kernels/base/ranks.hpp"
#include "study/analysis/latency_intervals.hpp"
#include "study/analysis/latency_notes.hpp"
#include "study/statistics/rank_correlation.hpp"

namespace dsx::analysis {
namespace {

struct Case {
  int batch = 0;
  std::string wait, load;
  // clang-tidy 14 sees a null pointer in a defaulted comparison.
  auto operator<=>(const Case&) const = default;  // NOLINT(modernize-use-nullptr)
  std::string key() const { return fmt::format("batch{}/{}/{}", batch, wait, load); }
  std::vector<ResultValue> labels() const { return {static_cast<double>(batch), wait, load}; }
};

struct SetInProcess {
  const LatencyProcess* process;
  const LatencySet* set;
};
using ByProcess = std::map<int, SetInProcess>;  // by number; each wait has processes of its own
using Sets = std::map<Case, std::map<std::string, ByProcess>>;
Sets sets_of(const LatencyRun& run) {
  Sets sets;
  for (const LatencyProcess& process : run.processes)
    for (const LatencySet& set : process.sets)
      if (!set.ms.empty())
        sets[{set.batch, process.wait, set.load}][set.variant][process.number] = {&process, &set};
  return sets;
}

std::vector<bench::ProcessSamples> samples_of(const ByProcess& processes) {
  std::vector<bench::ProcessSamples> samples;
  for (const auto& [number, one] : processes) samples.push_back({one.process->start_s, one.set->ms});
  return samples;
}

// What each process that has both makes of the two sets, by its number.
using ByNumber = std::map<int, bench::ProcessSamples>;
using Combine = std::function<std::vector<double>(const std::vector<double>&, const std::vector<double>&)>;
ByNumber combined(const ByProcess& a, const ByProcess& b, const Combine& combine) {
  ByNumber samples;
  for (const auto& [number, of_a] : a)
    if (const auto found = b.find(number); found != b.end())
      samples[number] = {of_a.process->start_s, combine(of_a.set->ms, found->second.set->ms)};
  return samples;
}

// Variants are interleaved: what slows the machine for a while is in both of a round.
std::vector<double> round_by_round(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) ratios.push_back(a[i] / b[i]);
  return ratios;
}

// Of sets that were not interleaved.
std::vector<double> of_medians(const std::vector<double>& a, const std::vector<double>& b) {
  return {median_of(a) / median_of(b)};
}

class Tables {
 public:
  Tables(Analysis& analysis, const LatencyRun& run)
      : analysis_(analysis), run_(run), sets_(sets_of(run)), memory_(memory_of(run)) {}

  void add() {
    make_tables();
    for (const auto& [the_case, by_variant] : sets_) {
      for (const std::string& variant : analysis_.comparison.variants)
        if (by_variant.contains(variant)) add_variant(the_case, variant, by_variant.at(variant));
      for (const auto& [a, b] : analysis_.comparison.pairs())
        if (by_variant.contains(a) && by_variant.contains(b)) add_pair(the_case, a, b);
    }
    add_memory();
    analysis_.results.tables.push_back(latency_warnings(run_, stability_));
    for (ResultTable* table :
         {&whole_, &stability_, &ratio_, &load_, &load_difference_, &processes_, &memory_table_, &samples_})
      analysis_.results.tables.push_back(std::move(*table));
  }

 private:
  static bench::MemoryCourse memory_of(const LatencyRun& run) {
    bench::MemoryCourse course;
    for (const LatencyProcess& process : run.processes)
      for (const bench::MemoryReading& reading : process.memory) course.add(reading);
    return course;
  }

  void make_tables() {
    const std::vector<std::string> of_case{"batch", "wait", "load"};
    const auto of_variant = std::vector<std::string>{"variant"} + of_case;
    whole_ =
        make_table("latency", "forward passes over all processes",
                   of_variant + std::vector<std::string>{"threads", "processes", "median_ms", "median_low_ms",
                                                         "median_high_ms", "p90_ms", "p90_low_ms",
                                                         "p90_high_ms", "p99_ms", "p99_low_ms", "p99_high_ms",
                                                         "images_per_s", "samples", "disturbed", "busy"});
    stability_ = make_table(
        "latency_stability", "spread within a process, between processes and over time",
        of_variant + std::vector<std::string>{"processes", "iqr_percent", "within_percent", "between_percent",
                                              "over_time_percent", "lowest_ms", "highest_ms", "next_low_ms",
                                              "next_high_ms", "memory_correlation", "spread"});
    processes_ =
        make_table("latency_processes", "each process",
                   of_variant + std::vector<std::string>{"process", "start_s", "median_ms", "samples",
                                                         "disturbed", "memory_slowdown", "unlike"});
    memory_table_ = make_table("latency_memory", "the memory system, read between the samples",
                               {"wait", "process", "start_s", "l2_ns", "l3_ns", "memory_ns", "read_gb_per_s",
                                "l3_ours_mib", "memory_slowdown"});
    samples_ = make_table("latency_samples", "each pass, in order of time",
                          of_variant + std::vector<std::string>{"process", "sample", "ms"});
    samples_.only_h5 = true;
    const auto pair = std::vector<std::string>{"variant_a", "variant_b"} + of_case + estimate_columns();
    ratio_ = make_table("latency_ratio", "time of a / time of b", pair);
    load_ =
        make_table("latency_load", "median beside the load / median alone", of_variant + estimate_columns());
    load_difference_ =
        make_table("latency_load_difference", "(loaded / alone) of a / (loaded / alone) of b", pair);
  }

  double slowdown_of(const LatencyProcess& process) const {
    if (process.memory.empty()) return statistics::kNotEstimable;
    bench::MemoryCourse own;
    for (const bench::MemoryReading& reading : process.memory) own.add(reading);
    return bench::slowdown(own.middle(), memory_.reference());
  }

  // Whether memory was unlike the reference before or after these samples; missing without readings.
  double unlike(const SetInProcess& one) const {
    const auto& readings = one.process->memory;
    if (one.set->reading + 1 >= readings.size()) return statistics::kNotEstimable;
    const bench::MemoryReading reference = memory_.reference();
    return bench::unlike(readings[one.set->reading], reference) ||
                   bench::unlike(readings[one.set->reading + 1], reference)
               ? 1
               : 0;
  }

  void add_variant(const Case& the_case, const std::string& variant, const ByProcess& processes) {
    const auto labels = std::vector<ResultValue>{variant} + the_case.labels();
    double disturbed = 0, neighbours = 0, count = 0;
    for (const auto& [number, one] : processes) {
      const auto& ms = one.set->ms;
      disturbed += one.set->disturbed;
      neighbours = std::fmax(neighbours, one.set->neighbours);
      count += static_cast<double>(ms.size());
      processes_.add(labels + std::vector<ResultValue>{static_cast<double>(number), one.process->start_s,
                                                       median_of(ms), static_cast<double>(ms.size()),
                                                       one.set->disturbed, slowdown_of(*one.process),
                                                       unlike(one)});
      double sample = 0;
      for (const double value : ms)
        samples_.add(labels + std::vector<ResultValue>{static_cast<double>(number), ++sample, value});
    }
    const double confidence = analysis_.comparison.options.confidence;
    const auto samples = samples_of(processes);
    const auto interval = bench::process_interval(samples, bench::ProcessScale::log, confidence);
    auto row = labels + std::vector<ResultValue>{static_cast<double>(run_.threads),
                                                 static_cast<double>(interval.processes), interval.value,
                                                 interval.low, interval.high};
    for (const double q : {0.9, 0.99}) {
      const QuantileInterval found = quantile_over_processes(samples, q, confidence);
      row = row + std::vector<ResultValue>{found.value, found.low, found.high};
    }
    whole_.add(row + std::vector<ResultValue>{1e3 * the_case.batch / interval.value, count, disturbed,
                                              neighbours > bench::kBusyShare ? 1.0 : 0.0});
    add_stability(labels, processes, interval);
    if (the_case.load != "none") add_load(the_case, variant, labels);
  }

  void add_stability(const std::vector<ResultValue>& labels, const ByProcess& processes,
                     const bench::ProcessInterval& interval) {
    std::vector<double> medians, slowdowns, iqrs;
    for (const auto& [number, one] : processes) {
      std::vector<double> sorted = one.set->ms;
      std::sort(sorted.begin(), sorted.end());
      medians.push_back(bench::quantile(sorted, 0.5));
      iqrs.push_back(100 * (bench::quantile(sorted, 0.75) - bench::quantile(sorted, 0.25)) / medians.back());
      slowdowns.push_back(slowdown_of(*one.process));
    }
    const bool has_memory =
        std::none_of(slowdowns.begin(), slowdowns.end(), [](double s) { return std::isnan(s); });
    const double correlation =
        has_memory ? statistics::rank_correlation(medians, slowdowns).value : statistics::kNotEstimable;
    const auto percent = [&](double part) {
      return interval.available() ? 100 * part / interval.value : statistics::kNotEstimable;
    };
    const auto [lowest, highest] = std::minmax_element(medians.begin(), medians.end());
    stability_.add(labels + std::vector<ResultValue>{static_cast<double>(interval.processes), median_of(iqrs),
                                                     percent(interval.within), percent(interval.between),
                                                     percent(interval.over_time), *lowest, *highest,
                                                     interval.next_low, interval.next_high, correlation,
                                                     bench::spread_sentence(interval)});
  }

  // loaded / alone in each process.
  ByNumber slowdowns(const Case& loaded, const std::string& variant) const {
    const auto alone = sets_.find({loaded.batch, loaded.wait, "none"});
    if (alone == sets_.end() || !alone->second.contains(variant)) return {};
    return combined(sets_.at(loaded).at(variant), alone->second.at(variant), of_medians);
  }

  statistics::Estimate ratio(const ByNumber& by_number) const {
    std::vector<bench::ProcessSamples> samples;
    for (const auto& [number, one] : by_number) samples.push_back(one);
    const RepeatedUnit unit = run_.of_one_process ? RepeatedUnit{"plan", "plans rebuilt in one process"}
                                                  : RepeatedUnit{"process", "processes"};
    return ratio_over_processes(samples, analysis_.comparison.options.confidence, unit);
  }

  void add_record(const std::string& topic, const Case& the_case, const std::string& a, const std::string& b,
                  const statistics::Estimate& estimate) {
    Record record;
    record.topic = topic;
    record.key = the_case.key();
    record.a = a;
    record.b = b;
    record.found.estimate = estimate;
    analysis_.records.add(std::move(record));
  }

  void add_load(const Case& the_case, const std::string& variant, const std::vector<ResultValue>& labels) {
    const statistics::Estimate estimate = ratio(slowdowns(the_case, variant));
    load_.add(labels + values_of(estimate));
    add_record("latency_load", the_case, variant, "", estimate);
  }

  void add_pair(const Case& the_case, const std::string& a, const std::string& b) {
    const auto labels = std::vector<ResultValue>{a, b} + the_case.labels();
    const statistics::Estimate times =
        ratio(combined(sets_.at(the_case).at(a), sets_.at(the_case).at(b), round_by_round));
    ratio_.add(labels + values_of(times));
    add_record("latency_ratio", the_case, a, b, times);
    if (the_case.load == "none") return;
    ByNumber differences = slowdowns(the_case, a);
    const ByNumber of_b = slowdowns(the_case, b);
    std::erase_if(differences, [&](const auto& one) { return !of_b.contains(one.first); });
    for (auto& [number, one] : differences) one.values.front() /= of_b.at(number).values.front();
    const statistics::Estimate difference = ratio(differences);
    load_difference_.add(labels + values_of(difference));
    add_record("latency_load_difference", the_case, a, b, difference);
  }

  void add_memory() {
    const bench::MemoryReading reference = memory_.reference();
    for (const LatencyProcess& process : run_.processes)
      for (const bench::MemoryReading& reading : process.memory)
        memory_table_.add({process.wait, static_cast<double>(process.number),
                           process.start_s + reading.start_s, reading.l2_ns, reading.l3_ns, reading.memory_ns,
                           reading.read_gbps, reading.l3_ours_bytes / 1048576,
                           bench::slowdown(reading, reference)});
  }

  Analysis& analysis_;
  const LatencyRun& run_;
  Sets sets_;
  bench::MemoryCourse memory_;
  ResultTable whole_, stability_, processes_, memory_table_, samples_, ratio_, load_, load_difference_;
};

// FLOPs beside times, whatever the study's variants.
ResultTable grid_table(const LatencyRun& run, double confidence) {
  ResultTable table = make_table("flops_latency", "every operator, image size and engine: work and time",
                                 {"variant", "size", "engine", "batch", "threads", "processes", "mflop",
                                  "median_ms", "median_low_ms", "median_high_ms", "samples", "busy"});
  using Key = std::tuple<std::string, int, std::string, int>;
  std::map<Key, std::vector<bench::ProcessSamples>> samples;
  std::map<Key, double> mflop;
  double neighbours = 0;
  for (const LatencyProcess& process : run.processes) {
    neighbours = std::fmax(neighbours, process.grid_neighbours);
    for (const GridTime& time : process.grid) {
      const Key key{time.variant, time.size, time.engine, time.batch};
      samples[key].push_back({process.start_s, time.ms});
      mflop[key] = time.mflop;
    }
  }
  for (const auto& [key, times] : samples) {
    const auto& [variant, size, engine, batch] = key;
    const auto interval = bench::process_interval(times, bench::ProcessScale::log, confidence);
    double count = 0;
    for (const bench::ProcessSamples& one : times) count += static_cast<double>(one.values.size());
    table.add({variant, static_cast<double>(size), engine, static_cast<double>(batch),
               static_cast<double>(run.threads), static_cast<double>(interval.processes), mflop.at(key),
               interval.value, interval.low, interval.high, count,
               neighbours > bench::kBusyShare ? 1.0 : 0.0});
  }
  return table;
}

}  // namespace

void add_latency_tables(Analysis& analysis, const LatencyRun& run) {
  Tables(analysis, run).add();
  analysis.results.tables.push_back(grid_table(run, analysis.comparison.options.confidence));
  add_latency_notes(analysis, run);
}

}  // namespace dsx::analysis

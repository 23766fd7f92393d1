// What the samples of latency_run.hpp say. Within a repeat, thousands of passes agree far better than two
// repeats do (other addresses, other caches), so that intervals of ratios come from the repeats: Student's t
// on the logarithms.
#include "study/analysis/latency_tables.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <tuple>

#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "kernels/base/counted.hpp"
#include "study/analysis/latency_run.hpp"

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

// The sets of each variant in one case, by repeat.
using Sets = std::map<Case, std::map<std::string, std::map<int, const LatencySet*>>>;
Sets sets_of(const LatencyRun& run) {
  Sets sets;
  for (const LatencySet& set : run.sets)
    if (!set.ms.empty()) sets[{set.batch, set.wait, set.load}][set.variant][set.repeat] = &set;
  return sets;
}

double median_of(const LatencySet& set) {
  std::vector<double> sorted = set.ms;
  std::sort(sorted.begin(), sorted.end());
  return bench::quantile(sorted, 0.5);
}

// A quantile and the two order statistics around it that hold it with the confidence, whatever the
// distribution; an end is missing when there are too few samples for it.
std::vector<ResultValue> quantile_values(const std::vector<double>& sorted, double q, double confidence) {
  const auto n = static_cast<double>(sorted.size());
  const boost::math::binomial below(n, q);  // how many samples lie below the true quantile
  const double tail = (1 - confidence) / 2;
  double low = statistics::kNotEstimable, high = statistics::kNotEstimable;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto rank = static_cast<double>(i);
    // Sample i (from 0) lies above the quantile when at most i samples lie below it, and below it otherwise.
    if (cdf(below, rank) <= tail) low = sorted[i];
    if (std::isnan(high) && cdf(below, rank) >= 1 - tail) high = sorted[i];
  }
  return {bench::quantile(sorted, q), low, high};
}

// exp of Student's t interval over repeats; p against a ratio of 1.
statistics::Estimate ratio_over_repeats(const std::vector<double>& logs, double confidence) {
  if (logs.size() < 2) return statistics::cannot_estimate("one repeat shows no spread");
  const auto n = static_cast<double>(logs.size());
  double mean = 0, squares = 0;
  for (const double value : logs) mean += value / n;
  for (const double value : logs) squares += (value - mean) * (value - mean) / (n - 1);
  statistics::Estimate e = statistics::t_interval(mean, std::sqrt(squares / n), n - 1, confidence);
  if (!e.estimable()) return e;
  e.value = std::exp(e.value);
  e.low = std::exp(e.low);
  e.high = std::exp(e.high);
  e.method = fmt::format("Student's t over {} rebuilt plans, logarithms; se is the logarithm's", logs.size());
  return e;
}

class Tables {
 public:
  Tables(Analysis& analysis, const LatencyRun& run) : analysis_(analysis), run_(run), sets_(sets_of(run)) {}

  void add() {
    const std::vector<std::string> of_case{"batch", "wait", "load"};
    whole_ = make_table(
        "latency", "forward passes, all repeats together",
        std::vector<std::string>{"variant"} + of_case +
            std::vector<std::string>{"threads", "median_ms", "median_low_ms", "median_high_ms", "p90_ms",
                                     "p90_low_ms", "p90_high_ms", "p99_ms", "p99_low_ms", "p99_high_ms",
                                     "images_per_s", "samples", "disturbed", "busy"});
    stability_ = make_table("latency_stability", "spread within and between repeats",
                            std::vector<std::string>{"variant"} + of_case +
                                std::vector<std::string>{"repeats", "within_percent", "between_percent",
                                                         "lowest_ms", "highest_ms"});
    repeats_ = make_table("latency_repeats", "each repeat",
                          std::vector<std::string>{"variant"} + of_case +
                              std::vector<std::string>{"repeat", "median_ms", "samples", "disturbed"});
    samples_ = make_table(
        "latency_samples", "each pass, in order of time",
        std::vector<std::string>{"variant"} + of_case + std::vector<std::string>{"repeat", "sample", "ms"});
    samples_.only_h5 = true;
    const auto pair = std::vector<std::string>{"variant_a", "variant_b"} + of_case + estimate_columns();
    ratio_ = make_table("latency_ratio", "median a / median b", pair);
    load_ = make_table("latency_load", "median beside the load / median alone",
                       std::vector<std::string>{"variant"} + of_case + estimate_columns());
    load_difference_ =
        make_table("latency_load_difference", "(loaded / alone) of a / (loaded / alone) of b", pair);
    for (const auto& [the_case, by_variant] : sets_) {
      for (const std::string& variant : analysis_.comparison.variants)
        if (by_variant.contains(variant)) add_variant(the_case, variant, by_variant.at(variant));
      for (const auto& [a, b] : analysis_.comparison.pairs())
        if (by_variant.contains(a) && by_variant.contains(b)) add_pair(the_case, a, b);
    }
    for (ResultTable* table :
         {&whole_, &stability_, &ratio_, &load_, &load_difference_, &repeats_, &samples_})
      analysis_.results.tables.push_back(std::move(*table));
  }

 private:
  using Repeats = std::map<int, const LatencySet*>;

  void add_variant(const Case& the_case, const std::string& variant, const Repeats& repeats) {
    const auto labels = std::vector<ResultValue>{variant} + the_case.labels();
    std::vector<double> all, within, medians;
    double disturbed = 0, neighbours = 0;
    for (const auto& [repeat, set] : repeats) {
      std::vector<double> sorted = set->ms;
      std::sort(sorted.begin(), sorted.end());
      medians.push_back(bench::quantile(sorted, 0.5));
      within.push_back(100 * (bench::quantile(sorted, 0.75) - bench::quantile(sorted, 0.25)) /
                       medians.back());
      all.insert(all.end(), sorted.begin(), sorted.end());
      disturbed += set->disturbed;
      neighbours = std::fmax(neighbours, set->neighbours);
      repeats_.add(labels + std::vector<ResultValue>{static_cast<double>(repeat), medians.back(),
                                                     static_cast<double>(sorted.size()), set->disturbed});
      double number = 0;
      for (const double ms : set->ms)
        samples_.add(labels + std::vector<ResultValue>{static_cast<double>(repeat), ++number, ms});
    }
    std::sort(all.begin(), all.end());
    auto row = labels + std::vector<ResultValue>{static_cast<double>(run_.threads)};
    for (const double q : {0.5, 0.9, 0.99})
      row = row + quantile_values(all, q, analysis_.comparison.options.confidence);
    whole_.add(row + std::vector<ResultValue>{1e3 * the_case.batch / bench::quantile(all, 0.5),
                                              static_cast<double>(all.size()), disturbed,
                                              neighbours > bench::kBusyShare ? 1.0 : 0.0});
    add_stability(labels, within, medians);
    if (the_case.load != "none") add_load(the_case, variant, labels);
  }

  void add_stability(const std::vector<ResultValue>& labels, std::vector<double> within,
                     const std::vector<double>& medians) {
    const auto n = static_cast<double>(medians.size());
    double mean = 0, squares = 0;
    for (const double m : medians) mean += m / n;
    for (const double m : medians) squares += (m - mean) * (m - mean) / (n - 1);
    std::sort(within.begin(), within.end());
    stability_.add(labels + std::vector<ResultValue>{n, bench::quantile(within, 0.5),
                                                     100 * std::sqrt(squares) / mean,
                                                     *std::min_element(medians.begin(), medians.end()),
                                                     *std::max_element(medians.begin(), medians.end())});
  }

  // log(loaded / alone) of each repeat.
  std::map<int, double> degradation(const Case& loaded, const std::string& variant) const {
    std::map<int, double> logs;
    const auto alone = sets_.find({loaded.batch, loaded.wait, "none"});
    if (alone == sets_.end() || !alone->second.contains(variant)) return logs;
    const auto& repeats = alone->second.at(variant);
    for (const auto& [repeat, set] : sets_.at(loaded).at(variant))
      if (const auto found = repeats.find(repeat); found != repeats.end())
        logs[repeat] = std::log(median_of(*set) / median_of(*found->second));
    return logs;
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
    std::vector<double> logs;
    for (const auto& [repeat, log] : degradation(the_case, variant)) logs.push_back(log);
    const statistics::Estimate estimate = ratio_over_repeats(logs, analysis_.comparison.options.confidence);
    load_.add(labels + values_of(estimate));
    add_record("latency_load", the_case, variant, "", estimate);
  }

  void add_pair(const Case& the_case, const std::string& a, const std::string& b) {
    const auto labels = std::vector<ResultValue>{a, b} + the_case.labels();
    const auto& of_a = sets_.at(the_case).at(a);
    const auto& of_b = sets_.at(the_case).at(b);
    std::vector<double> logs;
    for (const auto& [repeat, set] : of_a)
      if (const auto found = of_b.find(repeat); found != of_b.end())
        logs.push_back(std::log(median_of(*set) / median_of(*found->second)));
    const statistics::Estimate ratio = ratio_over_repeats(logs, analysis_.comparison.options.confidence);
    ratio_.add(labels + values_of(ratio));
    add_record("latency_ratio", the_case, a, b, ratio);
    if (the_case.load == "none") return;
    const auto worse_a = degradation(the_case, a), worse_b = degradation(the_case, b);
    logs.clear();
    for (const auto& [repeat, log] : worse_a)
      if (const auto found = worse_b.find(repeat); found != worse_b.end())
        logs.push_back(log - found->second);
    const statistics::Estimate difference = ratio_over_repeats(logs, analysis_.comparison.options.confidence);
    load_difference_.add(labels + values_of(difference));
    add_record("latency_load_difference", the_case, a, b, difference);
  }

  Analysis& analysis_;
  const LatencyRun& run_;
  Sets sets_;
  ResultTable whole_, stability_, repeats_, samples_, ratio_, load_, load_difference_;
};

// FLOPs beside times, whatever the study's variants.
ResultTable grid_table(const LatencyRun& run) {
  ResultTable table = make_table("flops_latency", "every operator, image size and engine: work and time",
                                 {"variant", "size", "engine", "batch", "threads", "mflop", "median_ms",
                                  "median_low_ms", "median_high_ms", "samples", "busy"});
  for (const GridTime& time : run.grid)
    table.add({time.variant, static_cast<double>(time.size), time.engine, static_cast<double>(time.batch),
               static_cast<double>(run.threads), time.mflop, time.median_ms, time.low_ms, time.high_ms,
               static_cast<double>(time.samples), run.grid_neighbours > bench::kBusyShare ? 1.0 : 0.0});
  std::sort(table.rows.begin(), table.rows.end());
  return table;
}

std::string value_of(const bench::Fields& fields, const std::string& name) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return "an unknown CPU";
}

// Which steps skip inputs that are 0, and how many those were; "" for none.
std::string zeros_text(const std::vector<LatencySet>& sets) {
  std::map<std::string, std::map<std::string, double>> shares;  // by step, by variant
  for (const LatencySet& set : sets) {
    for (const auto& [step, share] : set.zeros) shares[step][set.variant] = share;
  }
  std::string text;
  for (const auto& [step, variants] : shares) {
    std::string list;
    for (const auto& [variant, share] : variants)
      list += fmt::format("{}{:.0f}% for {}", list.empty() ? "" : ", ", 100 * share, variant);
    text += fmt::format("{}{} skips the inputs that a ReLU made 0, here {}",
                        text.empty() ? "Latency: " : "; ", step, list);
  }
  return text.empty() ? "" : text + " (random images, untrained weights); its time depends on the images.";
}

}  // namespace

void add_latency_tables(Analysis& analysis, const LatencyRun& run) {
  Tables(analysis, run).add();
  analysis.results.tables.push_back(grid_table(run));
  if (!run.not_available.empty()) {
    analysis.results.notes.push_back("Latency: " + run.not_available);
    return;
  }
  if (!run.grid_not_available.empty())
    analysis.results.notes.push_back("FLOPs against latency: " + run.grid_not_available);
  double most = std::isnan(run.grid_neighbours) ? 0 : run.grid_neighbours;
  for (const LatencySet& set : run.sets) most = std::fmax(most, set.neighbours);
  analysis.results.notes.push_back(
      fmt::format("Latency: {} on {}; forward passes on images in memory, variants interleaved.",
                  counted(run.threads, "thread"), value_of(run.environment, "cpu_model")));
  if (const std::string zeros = zeros_text(run.sets); !zeros.empty()) analysis.results.notes.push_back(zeros);
  if (most > bench::kBusyShare)
    analysis.results.notes.push_back(
        fmt::format("THE MACHINE WAS BUSY while latency was measured: others used up to {:.0f}% of the CPUs. "
                    "Do not trust "
                    "its times; measure again on a quiet machine: study report DIR --latency-again",
                    100 * most));
}

}  // namespace dsx::analysis

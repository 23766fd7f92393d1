// Are the test probabilities true? The bootstrap repeats each image as often as it was drawn and fits again.
#include "study/analysis/calibration.hpp"

#include <cmath>

#include "study/statistics/calibration.hpp"
#include "study/statistics/proportion.hpp"
#include "study/statistics/recalibrate.hpp"

namespace dsx::analysis {
namespace {

constexpr std::size_t kBins = 10;

const std::vector<std::string>& calibration_metrics() {
  static const std::vector<std::string> names = {"brier", "ece", "ece_plug_in", "slope", "in_the_large"};
  return names;
}

std::vector<std::string> figure_names() {
  std::vector<std::string> names;
  for (const auto& name : calibration_metrics()) names.push_back("calibration/" + name);
  return names;
}

FigureRange calibration_range(const std::string& metric) {
  if (metric == "slope") return {-INFINITY, INFINITY, 1};
  if (metric == "in_the_large") return {-INFINITY, INFINITY, 0};
  if (metric == "ece") return {-1, 1, statistics::kNotEstimable};  // debiased: may be a little below 0
  return {0, 1, statistics::kNotEstimable};
}

// The whole fit of one resample. No minimum: the sample itself was large enough.
void compute_calibration(const JudgedSplit& test, std::span<const double> weights, std::span<double> out) {
  std::vector<double> logits;
  std::vector<std::uint8_t> positive;
  double squares = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double error = 1 / (1 + std::exp(-test.logits[i])) - test.positive[i];
    squares += weights[i] * error * error;
    const auto times = static_cast<std::size_t>(weights[i]);
    logits.insert(logits.end(), times, test.logits[i]);
    positive.insert(positive.end(), times, test.positive[i]);
  }
  const statistics::IntervalOptions options{0.95, 1};
  const statistics::CalibrationError error = statistics::calibration_error(logits, positive, kBins, options);
  const statistics::Recalibration fit = statistics::recalibrate(logits, positive, {}, options);
  out[0] = squares / static_cast<double>(logits.size());
  out[1] = error.debiased;
  out[2] = error.plug_in;
  out[3] = fit.slope.value;
  out[4] = fit.in_the_large.value;
}

void add_calibration_rows(const Analysis& analysis, std::size_t c, ResultTable& table) {
  const JudgedCell& cell = analysis.comparison.cells[c];
  const JudgedSplit& test = cell.of(data::Split::test);
  const statistics::IntervalOptions options{analysis.comparison.options.confidence,
                                            analysis.comparison.options.minimum};
  const statistics::Brier brier =
      statistics::brier_score(test.logits, test.positive, kBins, test.subjects, options);
  const statistics::Recalibration fit =
      statistics::recalibrate(test.logits, test.positive, test.subjects, options);
  for (const std::string& metric : calibration_metrics()) {
    statistics::Estimate estimate = metric == "brier"   ? brier.score
                                    : metric == "slope" ? fit.slope
                                    : metric == "in_the_large"
                                        ? fit.in_the_large
                                        : analysis.figures.of_cell(c, "calibration/" + metric);
    if (!test.too_little.empty()) estimate = statistics::cannot_estimate(test.too_little);
    table.add(labels_of(cell) + std::vector<ResultValue>{metric} + values_of(estimate));
  }
}

void add_reliability_rows(const JudgedCell& cell, const statistics::IntervalOptions& options,
                          ResultTable& table) {
  const JudgedSplit& test = cell.of(data::Split::test);
  const auto add = [&](double bin, double images, double mean, const statistics::Estimate& observed) {
    table.add(labels_of(cell) + std::vector<ResultValue>{bin, images, mean, observed.value, observed.low,
                                                         observed.high, observed.not_estimable});
  };
  const statistics::Reliability curve =
      statistics::reliability_curve(test.logits, test.positive, kBins, test.subjects, options);
  const std::string& reason = test.too_little.empty() ? curve.not_estimable : test.too_little;
  if (!reason.empty())
    return add(statistics::kNotEstimable, statistics::kNotEstimable, statistics::kNotEstimable,
               statistics::cannot_estimate(reason));
  double number = 0;
  for (const statistics::ReliabilityBin& bin : curve.bins)
    add(++number, static_cast<double>(bin.count), bin.mean_probability, bin.observed);
}

struct PooledBin {
  double probability = 0;
  std::vector<std::uint8_t> hits;
  std::vector<std::uint32_t> subjects;
};

// All seeds in tenths of probability; an image comes once per seed, under its subject.
void add_pooled_rows(const Comparison& comparison, const NoiseLevel& noise, const std::string& variant,
                     ResultTable& table) {
  const auto seeds = comparison.seeds_of(noise, variant);
  std::vector<PooledBin> bins(kBins);
  for (const auto& [seed, place] : seeds) {
    const JudgedSplit& test = comparison.cells[place].of(data::Split::test);
    if (!test.too_little.empty()) return;
    for (std::size_t i = 0; i < test.logits.size(); ++i) {
      const double probability = 1 / (1 + std::exp(-test.logits[i]));
      PooledBin& bin = bins[std::min(kBins - 1, static_cast<std::size_t>(probability * kBins))];
      bin.probability += probability;
      bin.hits.push_back(test.positive[i]);
      bin.subjects.push_back(comparison.image_subjects[test.images[i]]);
    }
  }
  const statistics::IntervalOptions options{comparison.options.confidence, comparison.options.minimum};
  for (std::size_t b = 0; b < kBins; ++b) {
    const auto count = static_cast<double>(bins[b].hits.size());
    if (count == 0) continue;
    const statistics::Estimate observed =
        statistics::proportion_by_subject(bins[b].hits, bins[b].subjects, options);
    table.add(labels_of(noise) +
              std::vector<ResultValue>{variant, static_cast<double>(b + 1),
                                       count / static_cast<double>(seeds.size()), bins[b].probability / count,
                                       observed.value, observed.low, observed.high, observed.not_estimable});
  }
}

void add_reliability(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  const std::vector<std::string> bin{"bin", "images", "mean_probability", "observed",
                                     "low", "high",   "not_estimable"};
  ResultTable seeds = make_table(
      "reliability", "observed share of positives by predicted probability, bins of equal count",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant", "seed", "learnt"} + bin);
  ResultTable pooled =
      make_table("reliability_pooled", "the same of all seeds together, in tenths of probability",
                 std::vector<std::string>{"noise_kind", "noise", "train_images", "variant"} + bin);
  for (const JudgedCell& cell : comparison.cells)
    add_reliability_rows(cell, {comparison.options.confidence, comparison.options.minimum}, seeds);
  for (const NoiseLevel& noise : comparison.noises)
    for (const std::string& variant : comparison.variants)
      add_pooled_rows(comparison, noise, variant, pooled);
  analysis.results.tables.push_back(std::move(seeds));
  analysis.results.tables.push_back(std::move(pooled));
}

}  // namespace

void add_calibration_figures(Analysis& analysis) {
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c) {
    const JudgedSplit& test = analysis.comparison.cells[c].of(data::Split::test);
    analysis.figures.add(
        c, figure_names(),
        [&test](const SplitWeights& weights, std::span<double> out) {
          compute_calibration(test, weights[static_cast<std::size_t>(data::Split::test)], out);
        },
        test.too_little);
  }
}

void add_calibration_tables(Analysis& analysis) {
  ResultTable seeds = make_table(
      "calibration_seed", "calibration of each seed on test",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant", "seed", "learnt", "metric"} +
          estimate_columns());
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c) add_calibration_rows(analysis, c, seeds);
  analysis.results.tables.push_back(std::move(seeds));
  Topic topic{"calibration", "calibration on test, over seeds", {"metric"}, {}};
  for (const std::string& metric : calibration_metrics())
    topic.figures.push_back({{metric}, {{"calibration/" + metric, 1}}, calibration_range(metric)});
  add_topic(analysis.comparison, analysis.figures, topic, analysis.results, analysis.records);
  add_reliability(analysis);
}

}  // namespace dsx::analysis

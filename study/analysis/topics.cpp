#include "study/analysis/topics.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dsx::analysis {

const Record* Records::find(const std::string& topic, const std::string& key, const NoiseLevel& noise,
                            const std::string& a, const std::string& b) const {
  for (const Record& r : records_)
    if (r.topic == topic && r.key == key && r.noise == noise && r.a == a && r.b == b) return &r;
  return nullptr;
}

statistics::Estimate negated(statistics::Estimate estimate) {
  estimate.value = -estimate.value;
  std::swap(estimate.low, estimate.high);
  estimate.low = -estimate.low;
  estimate.high = -estimate.high;
  return estimate;
}

statistics::Estimate Records::difference(const std::string& topic, const std::string& key,
                                         const NoiseLevel& noise, const std::string& a,
                                         const std::string& b) const {
  if (const Record* record = find(topic, key, noise, a, b)) return record->found.estimate;
  if (const Record* record = find(topic, key, noise, b, a)) return negated(record->found.estimate);
  return statistics::cannot_estimate(fmt::format("{} and {} were not both trained", a, b));
}

const std::vector<std::string>& estimate_columns() {
  static const std::vector<std::string> names = {"value", "low",    "high",         "se",
                                                 "p",     "method", "not_estimable"};
  return names;
}

const std::vector<std::string>& over_seeds_columns() {
  static const std::vector<std::string> names =
      estimate_columns() +
      std::vector<std::string>{"seeds",       "lowest",  "highest",  "low_these_images", "high_these_images",
                               "observed_sd", "seed_sd", "image_sd", "shared_image_sd",  "detectable",
                               "not_learnt"};
  return names;
}

std::vector<ResultValue> operator+(std::vector<ResultValue> a, const std::vector<ResultValue>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<ResultValue> values_of(const statistics::Estimate& e) {
  return {e.value, e.low, e.high, e.se, e.p, e.method, e.not_estimable};
}

std::vector<ResultValue> values_of(const OverSeeds& found, bool is_difference) {
  const statistics::SeedSummary& s = found.summary;
  double lowest = statistics::kNotEstimable, highest = statistics::kNotEstimable;
  for (const double figure : found.of_seeds) {
    lowest = std::fmin(lowest, figure);
    highest = std::fmax(highest, figure);
  }
  const double detectable = is_difference ? found.detectable() : statistics::kNotEstimable;
  return values_of(found.estimate) + std::vector<ResultValue>{static_cast<double>(found.of_seeds.size()),
                                                              lowest,
                                                              highest,
                                                              s.mean_these_images.low,
                                                              s.mean_these_images.high,
                                                              s.observed_sd,
                                                              s.seed_sd,
                                                              s.image_sd,
                                                              s.shared_image_sd,
                                                              detectable,
                                                              static_cast<double>(found.not_learnt)};
}

std::vector<ResultValue> labels_of(const NoiseLevel& noise) {
  return {noise.kind, noise.rate, settings::train_images_text(noise.train_images)};
}

std::vector<ResultValue> labels_of(const JudgedCell& cell) {
  return {cell.cell->noise > 0 ? cell.cell->noise_kind : "",
          cell.cell->noise,
          settings::train_images_text(cell.cell->train_images),
          cell.cell->variant,
          static_cast<double>(cell.cell->seed),
          cell.cell->learning.learnt ? 1.0 : 0.0};
}

std::string key_of(const std::vector<ResultValue>& labels) {
  std::string key;
  for (const ResultValue& label : labels) {
    if (!key.empty()) key += '/';
    const auto* text = std::get_if<std::string>(&label);
    key += text != nullptr ? *text : fmt::format("{:g}", std::get<double>(label));
  }
  return key;
}

std::vector<std::vector<Term>> terms_of(const Comparison& comparison, const NoiseLevel& noise,
                                        const std::string& a, const std::string& b,
                                        const std::vector<std::pair<std::string, double>>& terms) {
  std::vector<std::vector<Term>> by_seed;
  const auto of_b = b.empty() ? std::map<std::uint64_t, std::size_t>{} : comparison.seeds_of(noise, b);
  for (const auto& [seed, cell] : comparison.seeds_of(noise, a)) {
    const auto partner = of_b.find(seed);
    if (!b.empty() && partner == of_b.end()) continue;
    auto& list = by_seed.emplace_back();
    for (const auto& [figure, weight] : terms) {
      list.push_back({cell, figure, weight});
      if (!b.empty()) list.push_back({partner->second, figure, -weight});
    }
  }
  return by_seed;
}

void add_topic(const Comparison& comparison, const Figures& figures, const Topic& topic,
               ComparisonResults& results, Records& records) {
  ResultTable single = make_table(topic.name, topic.title,
                                  std::vector<std::string>{"noise_kind", "noise", "train_images", "variant"} +
                                      topic.label_columns + over_seeds_columns());
  ResultTable difference =
      make_table(topic.name + "_difference", topic.title + ": paired differences a - b",
                 std::vector<std::string>{"noise_kind", "noise", "train_images", "variant_a", "variant_b"} +
                     topic.label_columns + over_seeds_columns());
  const auto add = [&](const NoiseLevel& noise, const std::string& a, const std::string& b,
                       const TopicFigure& figure) {
    const auto terms = terms_of(comparison, noise, a, b, figure.terms);
    if (terms.empty()) return;
    FigureRange range = figure.range;
    if (!b.empty()) range = {range.least - range.most, range.most - range.least, 0};
    Record record{topic.name, key_of(figure.labels), noise, a, b, figures.over_seeds(terms, range)};
    auto labels = labels_of(noise) + std::vector<ResultValue>{a};
    if (!b.empty()) labels.emplace_back(b);
    (b.empty() ? single : difference).add(labels + figure.labels + values_of(record.found, !b.empty()));
    records.add(std::move(record));
  };
  for (const NoiseLevel& noise : comparison.noises) {
    for (const std::string& variant : comparison.variants)
      for (const TopicFigure& figure : topic.figures) add(noise, variant, "", figure);
    for (const auto& [a, b] : comparison.pairs())
      for (const TopicFigure& figure : topic.figures) add(noise, a, b, figure);
  }
  results.tables.push_back(std::move(single));
  results.tables.push_back(std::move(difference));
}

}  // namespace dsx::analysis

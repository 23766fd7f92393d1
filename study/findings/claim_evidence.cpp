#include "study/findings/claim_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "study/statistics/spread.hpp"

namespace dsx::findings {
namespace {

statistics::Estimate inverted(statistics::Estimate e) {
  std::swap(e.low, e.high);
  e.value = 1 / e.value;
  e.low = 1 / e.low;
  e.high = 1 / e.high;
  return e;
}

statistics::Estimate not_measured(const std::string& stage) {
  return statistics::cannot_estimate("not measured: " + stage);
}

// The figures of the seeds that both variants have.
std::pair<std::vector<double>, std::vector<double>> shared_seeds(const analysis::Comparison& comparison,
                                                                 const analysis::NoiseLevel& noise,
                                                                 const analysis::Record& a,
                                                                 const analysis::Record& b) {
  const auto of_a = comparison.seeds_of(noise, a.a), of_b = comparison.seeds_of(noise, b.a);
  std::pair<std::vector<double>, std::vector<double>> both;
  std::size_t i = 0;
  for (const auto& [seed, cell] : of_a) {
    const auto other = of_b.find(seed);
    if (other != of_b.end() && i < a.found.of_seeds.size()) {
      const auto j = static_cast<std::size_t>(std::distance(of_b.begin(), other));
      if (j < b.found.of_seeds.size()) {
        both.first.push_back(a.found.of_seeds[i]);
        both.second.push_back(b.found.of_seeds[j]);
      }
    }
    ++i;
  }
  return both;
}

}  // namespace

const char* const kSwapStage = "study swap DIR";
const char* const kSizesStage = "comparisons at several sizes of the training set";
const char* const kMechanismStage = "study mechanism DIR";

bool Evidence::has(const std::string& variant) const {
  const auto& variants = analysis_.comparison.variants;
  return std::find(variants.begin(), variants.end(), variant) != variants.end();
}

std::vector<std::string> Evidence::others(const std::string& variant) const {
  std::vector<std::string> list;
  for (const char* other : {"avgpool", "maxpool", "strided"})
    if (variant != other && has(other)) list.emplace_back(other);
  return list;
}

const analysis::ResultTable* Evidence::table(const std::string& name) const {
  for (const analysis::ResultTable& table : analysis_.results.tables)
    if (table.name == name && !table.rows.empty()) return &table;
  return nullptr;
}

Part Evidence::difference(const std::string& topic, const std::string& key, const std::string& a,
                          const std::string& b) const {
  return {a + " - " + b, analysis_.records.difference(topic, key, noise_, a, b)};
}

Part Evidence::of_variant(const std::string& topic, const std::string& key,
                          const std::string& variant) const {
  const analysis::Record* record = analysis_.records.find(topic, key, noise_, variant);
  return {variant, record != nullptr ? record->found.estimate
                                     : statistics::cannot_estimate(variant + " was not trained")};
}

Part Evidence::latency_ratio(const std::string& a, const std::string& b) const {
  const char* const key = "batch32/active/none";
  Part part{a + " / " + b, statistics::cannot_estimate("latency was not measured"), 1, "", 2, 1};
  if (const analysis::Record* record = analysis_.records.find("latency_ratio", key, {}, a, b))
    part.estimate = record->found.estimate;
  else if (const analysis::Record* other = analysis_.records.find("latency_ratio", key, {}, b, a))
    part.estimate = inverted(other->found.estimate);
  return part;
}

Part Evidence::spread_ratio(const std::string& topic, const std::string& key, const std::string& a,
                            const std::string& b) const {
  Part part{a + " / " + b,
            statistics::cannot_estimate(fmt::format("{} and {} were not both trained", a, b)),
            1,
            "",
            2,
            1};
  const analysis::Record *of_a = analysis_.records.find(topic, key, noise_, a),
                         *of_b = analysis_.records.find(topic, key, noise_, b);
  if (of_a == nullptr || of_b == nullptr) return part;
  const auto [x, y] = shared_seeds(analysis_.comparison, noise_, *of_a, *of_b);
  part.estimate = statistics::ratio_of_spreads(x, y, analysis_.comparison.options.confidence);
  return part;
}

Part Evidence::row(const std::string& name_of_table,
                   const std::vector<std::pair<std::string, std::string>>& labels, const std::string& name,
                   const std::string& stage) const {
  const analysis::ResultTable* found = table(name_of_table);
  Part part{name, not_measured(stage)};
  if (found == nullptr) return part;
  const auto has_label = [&](std::size_t r, const std::pair<std::string, std::string>& label) {
    const analysis::ResultValue& value = found->rows[r][found->column(label.first)];
    return analysis::key_of({value}) == label.second;
  };
  for (std::size_t r = 0; r < found->rows.size(); ++r) {
    if (!std::all_of(labels.begin(), labels.end(), [&](const auto& label) { return has_label(r, label); }))
      continue;
    part.estimate = {};
    part.estimate.value = found->number(r, "value");
    part.estimate.low = found->number(r, "low");
    part.estimate.high = found->number(r, "high");
    part.estimate.not_estimable = found->text(r, "not_estimable");
    return part;
  }
  return part;
}

std::optional<Evidence> Evidence::with_least_images() const {
  Evidence least = *this;
  for (const analysis::NoiseLevel& level : analysis_.comparison.noises)
    if (level.rate == 0) least.noise_ = level;  // the most images first
  if (least.noise_.train_images == noise_.train_images) return std::nullopt;
  return least;
}

}  // namespace dsx::findings

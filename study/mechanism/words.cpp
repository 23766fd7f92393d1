#include "study/mechanism/words.hpp"

#include <cmath>
#include <set>

#include "study/mechanism/network_tables.hpp"
#include "study/statistics/holm.hpp"

namespace dsx::mechanism {
namespace {

using analysis::ResultTable;
constexpr double kNone = statistics::kNotEstimable;

struct SignalMeasure {
  const char *word, *measure, *probe, *metric;
  double no_effect;
  int sign;  // 1: the word means above no_effect
};

constexpr SignalMeasure kSignalMeasures[] = {
    {"smooths spatial activations", "variance of white noise that is left", "noise on a level",
     "variance_ratio", 1, -1},
    {"amplifies high-activation regions", "mean that noise rises by, in its standard deviations",
     "noise on a level", "mean_shift", 0, 1},
    {"amplifies high-activation regions", "sum of a bright pixel, as a multiple", "bright spot, 1 px", "mass",
     1, 1},
};

struct NetworkMeasure {
  const char *word, *measure, *topic;
  const char* key;   // behind the layer, in the topic of layers
  double no_effect;  // NaN: only pairs can tell
  int sign;
};

const NetworkMeasure kNetworkMeasures[] = {
    {"smooths spatial activations", "share of high frequencies, minus that of every second pixel",
     kLayersTopic, "change/high_frequencies", 0, -1},
    {"amplifies high-activation regions", "99th percentile, after over before", kLayersTopic, "change/p99", 1,
     1},
    {"amplifies high-activation regions", "99th percentile over mean, after over before", kLayersTopic,
     "change/tail", 1, 1},
    {"implicit regularizer", "change of the logit under small noise, in standard deviations of the logit",
     kBorderTopic, "noise/logit_change", kNone, -1},
    {"conservative decision boundaries", "images called positive at probability .5 beyond those that are",
     kBorderTopic, "whole/excess_positive", 0, -1},
    {"leans on the border", "share of the evidence in the outer twentieth, minus its share of the area",
     kBorderTopic, "windows/border_excess", 0, 1},
    {"leans on the border", "AUC with the border greyed out, minus AUC", kBorderTopic,
     "border_grey/auc_change", 0, -1},
    {"leans on the border", "AUC with the border of another image, minus AUC", kBorderTopic,
     "border_other/auc_change", 0, -1},
};

std::string reading_of(double low, double high, double no_effect, int sign) {
  if (std::isnan(no_effect)) return "";
  if (low > no_effect) return sign > 0 ? "yes" : "no";
  if (high < no_effect) return sign > 0 ? "no" : "yes";
  return "cannot tell";
}

// Exact figures have no error: equal to no effect is no.
std::string signal_reading(double value, double se, const SignalMeasure& measure) {
  constexpr double kErrors = 3;
  const double low = value - kErrors * se - 1e-9, high = value + kErrors * se + 1e-9;
  const std::string reading = reading_of(low, high, measure.no_effect, measure.sign);
  return reading == "cannot tell" ? "no" : reading;
}

void add_signal_words(const Mechanism& mechanism, ResultTable& words) {
  for (const ResultTable& table : mechanism.tables) {
    if (table.name != "mechanism_signal") continue;
    for (const SignalMeasure& m : kSignalMeasures)
      for (std::size_t r = 0; r < table.rows.size(); ++r) {
        if (table.text(r, "probe") != m.probe || table.text(r, "metric") != m.metric) continue;
        const double value = table.number(r, "value"), se = table.number(r, "se");
        words.add({std::string(m.word), std::string(m.measure), std::string("signal"),
                   table.text(r, "variant"), std::string(), m.no_effect, value, value - 3 * se,
                   value + 3 * se, se, kNone, kNone, std::string(se > 0 ? "three standard errors" : "exact"),
                   std::string(), signal_reading(value, se, m)});
      }
  }
}

struct Place {
  std::string key, layer;
};

// The measure's key at every layer, or alone.
std::vector<Place> places_of(const NetworkMeasure& measure, const std::set<std::string>& layers) {
  if (std::string(measure.topic) != kLayersTopic) return {{measure.key, ""}};
  std::vector<Place> places;
  for (const std::string& layer : layers) places.push_back({layer + "/" + measure.key, layer});
  return places;
}

// Rows of one measure at one place: variants, then pairs.
void add_rows(const NetworkMeasure& m, const Place& place, const Mechanism& mechanism,
              const std::vector<std::string>& variants, const analysis::NoiseLevel& noise,
              ResultTable& words) {
  const auto add = [&](const std::string& a, const std::string& b, const statistics::Estimate& e,
                       double p_holm, const std::string& reading) {
    words.add({std::string(m.word), std::string(m.measure), place.layer, a, b, b.empty() ? m.no_effect : 0,
               e.value, e.low, e.high, e.se, e.p, p_holm, e.method, e.not_estimable, reading});
  };
  for (const std::string& variant : variants) {
    const analysis::Record* record = mechanism.records.find(m.topic, place.key, noise, variant);
    if (record == nullptr) continue;
    const statistics::Estimate& e = record->found.estimate;
    add(variant, "", e, kNone,
        e.estimable() ? reading_of(e.low, e.high, m.no_effect, m.sign) : "not estimable");
  }
  std::vector<const analysis::Record*> pairs;
  std::vector<double> p_values;
  for (const std::string& a : variants)
    for (const std::string& b : variants) {
      const analysis::Record* record = mechanism.records.find(m.topic, place.key, noise, a, b);
      if (b.empty() || record == nullptr) continue;
      pairs.push_back(record);
      p_values.push_back(record->found.estimate.p);
    }
  const std::vector<double> corrected = statistics::holm_adjusted(p_values);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const statistics::Estimate& e = pairs[i]->found.estimate;
    constexpr double kAlpha = 0.05;
    std::string reading = e.estimable() ? "cannot tell" : "not estimable";
    if (e.estimable() && corrected[i] <= kAlpha) reading = e.value * m.sign > 0 ? "more" : "less";
    add(pairs[i]->a, pairs[i]->b, e, corrected[i], reading);
  }
}

}  // namespace

ResultTable words_table(const Mechanism& mechanism) {
  ResultTable words =
      analysis::make_table("mechanism_words", "what the original's words come to when they are measured",
                           {"word", "measure", "layer", "variant_a", "variant_b", "no_effect", "value", "low",
                            "high", "se", "p", "p_holm", "method", "not_estimable", "reading"});
  add_signal_words(mechanism, words);
  std::set<std::string> layers;
  std::vector<std::string> variants;
  analysis::NoiseLevel noise;
  for (const ResultTable& table : mechanism.tables) {
    if (table.name == kLayersTopic)
      for (std::size_t r = 0; r < table.rows.size(); ++r) layers.insert(table.text(r, "layer"));
    if (table.name != kBorderTopic) continue;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      noise = {table.text(r, "noise_kind"), table.number(r, "noise")};
      const std::string& variant = table.text(r, "variant");
      if (variants.empty() || variants.back() != variant) variants.push_back(variant);
    }
  }
  for (const NetworkMeasure& measure : kNetworkMeasures)
    for (const Place& place : places_of(measure, layers))
      add_rows(measure, place, mechanism, variants, noise, words);
  return words;
}

}  // namespace dsx::mechanism

// What the original says of each operator, claim by claim.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "study/findings/claim_list.hpp"
#include "study/statistics/equivalence.hpp"

namespace dsx::findings {
namespace {

const char* const kExcess = "images called positive at probability .5 beyond those that are";

std::vector<Part> against_others(const Evidence& e, const std::string& topic, const std::string& key,
                                 const std::string& variant, double sign) {
  std::vector<Part> parts;
  if (e.has(variant))
    for (const std::string& other : e.others(variant))
      parts.push_back(sign > 0 ? e.difference(topic, key, variant, other)
                               : e.difference(topic, key, other, variant));
  return parts;
}

// A word of the original by the readings that mechanism_words has of a variant alone.
Judgement by_word(const Evidence& e, const std::string& word, const std::string& variant) {
  const analysis::ResultTable* words = e.table("mechanism_words");
  if (words == nullptr) return {fmt::format("not measured: {}", kMechanismStage), "cannot tell"};
  std::string text;
  int yes = 0, no = 0, open = 0;
  for (std::size_t r = 0; r < words->rows.size(); ++r) {
    if (words->text(r, "word") != word || words->text(r, "variant_a") != variant ||
        !words->text(r, "variant_b").empty())
      continue;
    const std::string& reading = words->text(r, "reading");
    if (reading.empty()) continue;
    (reading == "yes" ? yes : reading == "no" ? no : open) += 1;
    const std::string& layer = words->text(r, "layer");
    text += fmt::format("{}{}{} {:.3g}: {}", text.empty() ? "" : "; ", words->text(r, "measure"),
                        layer.empty() ? "" : " (" + layer + ")", words->number(r, "value"), reading);
  }
  if (text.empty()) return {variant + " has no reading of the word", "cannot tell"};
  const std::string verdict =
      open > 0 || (yes > 0 && no > 0) ? "cannot tell" : (yes > 0 ? "supported" : "contradicted");
  return {fmt::format("{} of {} measures say yes, {} no. {}", yes, yes + no + open, no, text), verdict};
}

const char* const kByWord =
    "supported: every measure of the word says yes; contradicted: every one says no; else cannot tell";

Judgement balanced(const Evidence& e) {
  const analysis::Analysis& analysis = e.analysis();
  const auto terms = analysis::terms_of(
      analysis.comparison, e.noise(), "avgpool", "",
      {{"decision/half/false_positive_rate", 1}, {"decision/half/false_negative_rate", -1}});
  Part part{"avgpool", statistics::cannot_estimate("avgpool was not trained")};
  if (e.has("avgpool")) part.estimate = analysis.figures.over_seeds(terms, {-1, 1, 0}).estimate;
  const double margin = analysis.comparison.options.margin_rate;
  const statistics::Estimate& found = part.estimate;
  const bool is_within = statistics::equivalence_p(found, margin) <= analysis.comparison.alpha_of_look();
  const bool is_outside = found.estimable() && (found.low > margin || found.high < -margin);
  return {measurement_text({part}, "false positive rate minus false negative rate at probability .5") +
              fmt::format(", margin {:g} points", 100 * margin),
          is_within ? "supported" : (is_outside ? "contradicted" : "cannot tell")};
}

// Test AUC surely not behind by the margin, and less spread over seeds than each other one.
Judgement best_balance(const Evidence& e) {
  std::vector<Part> auc = against_others(e, "generalization", "test/auc", "avgpool", 1), spread;
  for (Part& part : auc) part.null = -e.analysis().comparison.options.margin_auc;
  for (const std::string& other : e.others("avgpool"))
    spread.push_back(e.spread_ratio("generalization", "test/auc", other, "avgpool"));
  const std::string a = decide(auc), b = decide(spread);
  return {measurement_text(auc, "test AUC") + "; " +
              measurement_text(spread, "spread of test AUC between seeds, times that of avgpool"),
          a == "contradicted" || b == "contradicted" ? "contradicted"
          : a == "supported" && b == "supported"     ? "supported"
                                                     : "cannot tell"};
}

Judgement recall_and_false_alarms(const Evidence& e) {
  const auto recall = against_others(e, "decision", "half/sensitivity", "maxpool", 1);
  const auto alarms = against_others(e, "decision", "half/false_positive_rate", "maxpool", 1);
  std::vector<Part> both = recall;
  both.insert(both.end(), alarms.begin(), alarms.end());
  return {measurement_text(recall, "recall at probability .5") + "; " +
              measurement_text(alarms, "false positive rate"),
          decide(both)};
}

Judgement over_predicts(const Evidence& e) {
  return judged_by({e.of_variant("decision", "half/excess_positive", "maxpool")}, kExcess);
}

Judgement conservative(const Evidence& e) {
  const Part found = e.of_variant("decision", "half/excess_positive", "avgpool");
  Part claimed = found;
  claimed.estimate = analysis::negated(found.estimate);
  return {measurement_text({found}, kExcess), decide({claimed})};
}

Judgement learnable(const Evidence& e) {
  const analysis::ResultTable* control = e.table("swap_control");
  double largest = statistics::kNotEstimable;
  if (control != nullptr)
    for (std::size_t r = 0; r < control->rows.size(); ++r)
      if (control->text(r, "check").starts_with("slice"))
        largest = std::fmax(largest, control->number(r, "largest_difference"));
  if (std::isnan(largest)) return {fmt::format("not measured: {}", kSwapStage), "cannot tell"};
  constexpr double kRounding = 1e-2;
  return {
      fmt::format("run with strided and with slice (the stride-1 convolution, then every second pixel), the "
                  "same weights differ by {:.1e} in the logit at most: the step itself has no weights",
                  largest),
      largest < kRounding ? "contradicted" : "cannot tell"};
}

Judgement unstable_bias(const Evidence& e) {
  std::vector<Part> parts;
  if (e.has("strided"))
    for (const std::string& other : e.others("strided"))
      parts.push_back(e.spread_ratio("decision", "half/excess_positive", "strided", other));
  return judged_by(parts, "spread between seeds of the excess of positives at probability .5, times");
}

Judgement fast(const Evidence& e) {
  return judged_by({e.latency_ratio("avgpool", "strided"), e.latency_ratio("maxpool", "strided")},
                   "time per batch of 32, times as long");
}
Judgement worst_latency(const Evidence& e) {
  return judged_by({e.latency_ratio("maxpool", "avgpool"), e.latency_ratio("maxpool", "strided")},
                   "time per batch of 32, times as long");
}

}  // namespace

std::vector<Claim> claims_about_operators() {
  const std::string latency = "study report DIR --latency-again";
  const auto parts_of = [](const char* topic, const char* key, const char* variant, double sign,
                           const char* what) {
    return [=](const Evidence& e) { return judged_by(against_others(e, topic, key, variant, sign), what); };
  };
  const auto word_of = [](const char* word, const char* variant) {
    return [=](const Evidence& e) { return by_word(e, word, variant); };
  };
  return {
      {"AvgPool smooths spatial activations.", kByWord, kMechanismStage,
       word_of("smooths spatial activations", "avgpool")},
      {"AvgPool acts as an implicit regularizer (a smaller gap from train to test than the others).",
       kHowDecided, "",
       parts_of("gap", "train-test/auc", "avgpool", -1, "AUC, train minus test, minus that of avgpool")},
      {"AvgPool is conservative (calls fewer images positive than there are).",
       "supported: the interval of the excess lies below 0; contradicted: above 0; else cannot tell", "",
       conservative},
      {"AvgPool has balanced errors, moderate false positives and negatives.",
       "supported: the two rates are equivalent within the margin; contradicted: the interval lies outside "
       "it; else "
       "cannot tell",
       "", balanced},
      {"AvgPool has the best stability-accuracy balance.",
       "supported: its test AUC is nowhere behind by the margin, and every other one spreads more between "
       "seeds; "
       "contradicted: it is behind by more, or another spreads less; else cannot tell",
       "", best_balance},
      {"MaxPool amplifies high-activation regions.", kByWord, kMechanismStage,
       word_of("amplifies high-activation regions", "maxpool")},
      {"MaxPool improves recall but increases false positives.", kHowDecided, "", recall_and_false_alarms},
      {"MaxPool over-predicts pathology (calls more images positive than there are).",
       "supported: the interval of the excess lies above 0; contradicted: below 0; else cannot tell", "",
       over_predicts},
      {"MaxPool calls more images positive than the others.", kHowDecided, "",
       parts_of("decision", "half/predicted_positive_rate", "maxpool", 1,
                "images called positive at probability .5")},
      {"MaxPool has the highest F1.", kHowDecided, "",
       parts_of("generalization", "test/f1_half", "maxpool", 1, "F1 on test at probability .5")},
      {"MaxPool has the worst latency.", kHowDecided, latency, worst_latency},
      {"Strided convolution is learnable downsampling.",
       "contradicted: with the same weights it equals the convolution and every second pixel; else cannot "
       "tell",
       kSwapStage, learnable},
      {"Strided convolution has a fast throughput.", kHowDecided, latency, fast},
      {"Strided convolution has an unstable bias (more spread between seeds than the others).", kHowDecided,
       "", unstable_bias},
  };
}

}  // namespace dsx::findings

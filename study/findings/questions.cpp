#include "study/findings/questions.hpp"

#include <fmt/core.h>

#include "kernels/base/counted.hpp"
#include "study/analysis/latency_run.hpp"
#include "study/analysis/shift_run.hpp"
#include "study/findings/limited_questions.hpp"
#include "study/findings/swap_questions.hpp"

namespace dsx::findings {
namespace {

void add_generalization(const analysis::Comparison& comparison, std::vector<Question>& list) {
  Question auc{"AUC on test",
               "generalization",
               "test/auc",
               "test AUC",
               "has a higher test AUC than",
               "has a lower test AUC than",
               ""};
  auc.margin = comparison.options.margin_auc;
  auc.better = 1;
  auc.main = true;
  list.push_back(auc);
  list.push_back({"accuracy on test at the Youden threshold", "generalization", "test/accuracy",
                  "test accuracy", "is more accurate than", "is less accurate than",
                  "at the Youden threshold"});
  list.back().margin = comparison.options.margin_rate;
  list.back().better = 1;
  list.push_back({"generalization gap in AUC, train minus test", "gap", "train-test/auc",
                  "the gap in AUC from train to test", "has a larger gap in AUC from train to test than",
                  "has a smaller gap in AUC from train to test than", ""});
  list.back().margin = comparison.options.margin_auc;
  list.back().better = -1;
}

void add_robustness(const analysis::Comparison& comparison, std::vector<Question>& list) {
  for (const std::string& kind : comparison.noise_kinds()) {
    Question question{fmt::format("loss of test AUC with {} label noise", kind),
                      "robustness",
                      "auc",
                      "how test AUC changes with label noise",
                      "loses less test AUC to label noise than",
                      "loses more test AUC to label noise than",
                      fmt::format("({}, per 10 points of wrong labels)", kind)};
    question.scale = 10;  // 100 points per unit, a tenth of the slope
    question.by_noise = false;
    question.noise = {kind, 0};
    question.better = 1;
    list.push_back(question);
  }
}

void add_decisions(const analysis::Comparison& comparison, std::vector<Question>& list) {
  struct Words {
    const char *metric, *noun, *higher, *lower;
    int better;
  };
  const Words table[] = {
      {"specificity", "specificity", "is more specific than", "is less specific than", 1},
      {"sensitivity", "sensitivity", "is more sensitive than", "is less sensitive than", 1},
      {"predicted_positive_rate", "the share of images called positive", "calls more images positive than",
       "calls fewer images positive than", 0}};
  for (const analysis::Rule& rule : comparison.rules) {
    for (const Words& words : table) {
      list.push_back({fmt::format("{} on test {}", words.noun, rule.words), "decision",
                      rule.name + "/" + words.metric, words.noun, words.higher, words.lower, rule.words});
      list.back().margin = comparison.options.margin_rate;
      list.back().better = words.better;
      list.back().main = words.better > 0 && rule.name == comparison.rules.front().name;
    }
    Question bias{fmt::format("images called positive against positives on test {}", rule.words),
                  "decision",
                  rule.name + "/excess_positive",
                  "the share of images called positive, against the share that is",
                  "calls more images positive than there are",
                  "calls fewer images positive than there are",
                  rule.words};
    bias.comparing = Comparing::with_null;
    bias.margin = comparison.options.margin_rate;
    bias.open = "whether {} calls more or fewer images positive than there are";
    list.push_back(bias);
  }
}

void add_calibration(const analysis::Comparison& comparison, std::vector<Question>& list) {
  Question brier{"Brier score on test",
                 "calibration",
                 "brier",
                 "the Brier score (0 best, 1 worst)",
                 "has a worse (higher) Brier score than",
                 "has a better (lower) Brier score than",
                 ""};
  brier.scale = 1;
  brier.unit = "";
  brier.digits = 3;
  brier.better = -1;
  list.push_back(brier);
  list.push_back({"calibration error on test", "calibration", "ece", "calibration error",
                  "is worse calibrated than", "is better calibrated than",
                  "(debiased expected calibration error)"});
  list.back().margin = comparison.options.margin_rate;
  list.back().better = -1;
  Question slope{"calibration slope against 1 on test",
                 "calibration",
                 "slope",
                 "the calibration slope, against 1",
                 "is not confident enough, with a calibration slope of",
                 "is too confident, with a calibration slope of",
                 ""};
  slope.open = "whether {} is too confident or not enough (calibration slope)";
  slope.comparing = Comparing::with_null;
  slope.null = 1;
  slope.scale = 1;
  slope.unit = "";
  slope.digits = 2;
  list.push_back(slope);
}

void add_shifts(const analysis::Comparison& comparison, std::vector<Question>& list) {
  for (const int pixels : analysis::kShiftPixels) {
    list.push_back({fmt::format("decisions changed by a shift of {}", counted(pixels, "pixel")), "shift",
                    fmt::format("{}/changed", pixels), "how often decisions change",
                    "changes more decisions than", "changes fewer decisions than",
                    fmt::format("when the image moves by {}", counted(pixels, "pixel"))});
    list.back().margin = comparison.options.margin_rate;
    list.back().better = -1;
  }
}

void add_latency(std::vector<Question>& list) {
  const auto add = [&](const std::string& text, const std::string& topic, const std::string& key,
                       const std::string& noun, const std::string& higher, const std::string& lower,
                       const std::string& where) {
    Question question{text, topic, key, noun, higher, lower, where};
    question.comparing = Comparing::ratio;
    question.scale = 1;
    question.unit = "times";
    question.digits = 2;
    question.by_noise = false;
    list.push_back(question);
  };
  for (const int batch : analysis::kLatencyBatchSizes)
    for (const std::string wait : {"active", "passive"})
      for (const std::string load : analysis::kLatencyLoads) {
        const std::string key = fmt::format("batch{}/{}/{}", batch, wait, load);
        const std::string waiting = wait == "active" ? "spinning" : "passive waiting";
        const std::string where = fmt::format("per batch of {} ({})", batch, waiting);
        if (load == "none")
          add(fmt::format("latency, batch {}, {}", batch, waiting), "latency_ratio", key, "latency",
              "is slower than", "is faster than", where);
        else
          add(fmt::format("slowdown beside a {} load, batch {}, {}", load, batch, waiting),
              "latency_load_difference", key, fmt::format("slowdown beside a {} load", load),
              fmt::format("suffers more from a {} load than", load),
              fmt::format("suffers less from a {} load than", load), where);
      }
}

}  // namespace

std::vector<Question> questions_of(const analysis::Comparison& comparison) {
  std::vector<Question> list;
  add_generalization(comparison, list);
  add_robustness(comparison, list);
  add_decisions(comparison, list);
  add_calibration(comparison, list);
  add_shifts(comparison, list);
  for (Question& question : limited_questions()) list.push_back(std::move(question));
  for (Question& question : swap_questions()) {
    const bool is_share = question.key.ends_with("_rate") || question.key.ends_with("ity");
    if (question.topic == "swap_parts" && question.key.ends_with("/auc"))
      question.margin = comparison.options.margin_auc;
    if (question.topic == "swap_parts" && is_share) question.margin = comparison.options.margin_rate;
    list.push_back(std::move(question));
  }
  add_latency(list);
  return list;
}

}  // namespace dsx::findings

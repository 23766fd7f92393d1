// Out-of-sample probabilities by cross-validation over subjects, with the run's own network and trainer,
// and which labels confident learning calls likely wrong from them. Words and pages are in
// label_issues_text, files in label_issues_files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "study/settings/settings.hpp"
#include "study/statistics/confident_learning.hpp"
#include "study/statistics/estimate.hpp"

namespace dsx::audit {

// One per image of the data set, in its order.
struct OutOfSample {
  std::vector<double> probability;  // of class 1, by a network that saw no image of the subject nor a copy
  std::vector<std::uint32_t> fold;
};

// `labels` are those to learn (wrong ones among them). Images of a subject, and identical files, share a
// fold. Weights of the last epoch are used: choosing one by the held-out labels would let them in. Prints a
// line per fold. Throws ConfigError (folds), DataError, DivergedError, Interrupted.
OutOfSample cross_validate(const data::Dataset& dataset, const std::vector<float>& labels,
                           const settings::Settings& settings, int folds);

// How well the ranking finds labels that were made wrong on purpose.
struct InjectionResult {
  std::size_t injected = 0;
  std::size_t hits = 0;            // of them among the `injected` first
  std::size_t flagged_hits = 0;    // of them among confident learning's issues
  statistics::Estimate precision;  // hits / injected; Wilson's interval
  statistics::Estimate auc;        // of self-confidence as a test for wrong labels
};

struct LabelIssues {
  std::vector<std::uint32_t> given;  // labels as judged (injected ones included)
  OutOfSample out;
  statistics::ConfidentLearning learning;
  std::vector<std::size_t> ranking;    // all images, the likeliest wrong first
  std::vector<std::uint8_t> injected;  // by image; empty when none were
  double auc = 0;                      // of the probabilities against the given labels
};

LabelIssues find_label_issues(const std::vector<float>& labels, OutOfSample out,
                              std::vector<std::uint8_t> injected);
InjectionResult judge_injection(const LabelIssues& issues);

}  // namespace dsx::audit

// A sweep's finished cells as the statistics need them: which images are the same over cells, whose they are,
// what is too little to judge, and the thresholds that val froze. Every topic (generalization.cpp,
// decision.cpp, ...) starts from here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "study/analysis/cells.hpp"
#include "study/statistics/thresholds.hpp"

namespace dsx::analysis {

// One split of one cell, in the cell's order.
struct JudgedSplit {
  std::vector<double> logits;
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subjects;  // numbers within this split
  std::vector<std::uint32_t> images;    // places in Comparison::image_subjects
  std::string too_little;               // why nothing can be estimated; empty otherwise
};

// How val chooses a decision threshold.
struct Rule {
  std::string name;   // "sensitivity"
  std::string words;  // "at the threshold for 95% sensitivity": ends a sentence's subject
};

struct JudgedCell {
  const Cell* cell = nullptr;
  std::array<JudgedSplit, 3> splits;  // by Split
  std::map<std::string, statistics::Threshold> thresholds;
  const JudgedSplit& of(data::Split split) const { return splits[static_cast<std::size_t>(split)]; }
};

// What was done to the training set: label noise, or fewer images.
struct NoiseLevel {
  std::string kind;  // "" at rate 0
  double rate = 0;
  double train_images = settings::kAllTrainImages;
  // clang-tidy 14 sees a null pointer in a defaulted comparison.
  auto operator<=>(const NoiseLevel&) const = default;  // NOLINT(modernize-use-nullptr)
};
// "clean labels", "20% wrong labels (symmetric)", "400 training images", "25% of the training images"
std::string words_of(const NoiseLevel& noise);

struct CompareOptions {
  double confidence = 0.95, alpha = 0.05;
  int looks = 1;  // how often verdicts are drawn while seeds are added: each is at alpha / looks
  // Differences that do not matter, declared before the run: of AUCs, and of shares at a threshold.
  double margin_auc = 0.01, margin_rate = 0.05;
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;
  double target_sensitivity = 0.95;
  double cost_ratio = 5;     // what a missed positive costs, in false alarms
  std::size_t minimum = 10;  // images and subjects of a class in a split, below which nothing is estimated
  int threads = 1;
  std::string progress = "none";  // as --progress
};

struct Comparison {
  CompareOptions options;
  std::vector<Rule> rules;
  std::vector<JudgedCell> cells;
  std::vector<std::string> variants;          // in the cells' order
  std::vector<NoiseLevel> noises;             // clean first; the most images first
  std::vector<std::uint32_t> image_subjects;  // of every image of any cell: its subject's number
  std::vector<std::uint32_t> strata;          // of the subjects: classes they have, in test or not

  // The training-set size that figures are of where none is named: all, or the largest.
  double base_images() const { return noises.front().train_images; }
  // Cells of a variant at a noise level by seed; empty when there are none.
  std::map<std::uint64_t, std::size_t> seeds_of(const NoiseLevel& noise, const std::string& variant) const;
  // All pairs (later, earlier) of variants: "maxpool - avgpool".
  std::vector<std::pair<std::string, std::string>> pairs() const;
  std::vector<std::string> noise_kinds() const;  // without ""
  // Of one comparison among all pairs, at one look: where detectable differences and verdicts are made.
  double alpha_of_look() const { return options.alpha / options.looks; }
  double alpha_of_pair() const;
  std::size_t test_subjects() const;           // of the first cell
  std::size_t smaller_class_subjects() const;  // of the class that has fewer of them; at least 2
};

// `cells` must outlive the comparison. Throws DataError when cells of a seed do not hold the same images.
Comparison make_comparison(const std::vector<Cell>& cells, const CompareOptions& options);

std::vector<std::uint8_t> decisions(const JudgedCell& cell, data::Split split, const std::string& rule);

}  // namespace dsx::analysis

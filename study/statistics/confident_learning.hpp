// Confident learning (Northcutt, Jiang & Chuang 2021, J. Artif. Intell. Res. 70:1373): which labels are
// likely wrong, and how many, from probabilities of a model that did not see the image. The definitions are
// those of cleanlab 2, with which tests/statistics compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dsx::statistics {

struct ConfidentLearning {
  std::size_t classes = 0;
  // Of class k: the mean probability of k over the images labelled k. An image is confidently of class k
  // where its probability of k reaches that.
  std::vector<double> thresholds;
  // [given x confident]: images labelled `given` that are confidently of class `confident`; of several, the
  // most probable class. Images that are confidently of none are not counted.
  std::vector<std::size_t> counts;
  // The same, scaled so that rows sum to the images of each label and all to their number: an estimate of the
  // joint distribution of given and true labels, as shares.
  std::vector<double> joint;
  std::vector<std::size_t> issues;  // off the diagonal of `counts`, the least self-confidence first
  double estimated_wrong = 0;       // share off the diagonal of `joint`
  // Per image: its class (most probable), the probability of its given label, and that minus the largest
  // other probability, mapped from [-1, 1] to [0, 1].
  std::vector<std::uint32_t> predicted;
  std::vector<double> self_confidence, normalized_margin;
};

// `probabilities` [images x classes], rows summing to 1; `given` below `classes`. std::invalid_argument when
// lengths differ, classes < 2, a class has no image, or a value is not a probability (rows off 1 by more than
// 1e-3).
ConfidentLearning confident_learning(std::span<const double> probabilities,
                                     std::span<const std::uint32_t> given, std::size_t classes);

// All images, the likeliest wrong label first: by self-confidence, equal ones in the images' order.
std::vector<std::size_t> ranked_by_self_confidence(const ConfidentLearning& result);

// How well a ranking finds labels that are known to be wrong: hits among the first `at`. at = number of wrong
// labels gives the precision that equals recall.
std::size_t hits_among_first(std::span<const std::size_t> ranking, std::span<const std::uint8_t> wrong,
                             std::size_t at);

}  // namespace dsx::statistics

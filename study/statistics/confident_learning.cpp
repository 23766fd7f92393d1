#include "study/statistics/confident_learning.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace dsx::statistics {
namespace {

constexpr double kSlack = 1e-6;  // cleanlab's: a probability that equals the threshold reaches it

void check(std::span<const double> probabilities, std::span<const std::uint32_t> given, std::size_t classes) {
  if (classes < 2) throw std::invalid_argument("confident learning needs at least 2 classes");
  if (given.empty() || probabilities.size() != given.size() * classes)
    throw std::invalid_argument("confident learning: probabilities and labels differ in length");
  for (std::size_t i = 0; i < given.size(); ++i) {
    double sum = 0;
    for (const double p : probabilities.subspan(i * classes, classes)) {
      if (!(p >= 0 && p <= 1))
        throw std::invalid_argument("confident learning: a value is not a probability");
      sum += p;
    }
    if (std::abs(sum - 1) > 1e-3)
      throw std::invalid_argument("confident learning: probabilities do not sum to 1");
    if (given[i] >= classes) throw std::invalid_argument("confident learning: a label is not a class");
  }
}

std::vector<double> thresholds_of(std::span<const double> probabilities, std::span<const std::uint32_t> given,
                                  std::size_t classes) {
  std::vector<double> sums(classes), images(classes);
  for (std::size_t i = 0; i < given.size(); ++i) {
    sums[given[i]] += probabilities[i * classes + given[i]];
    ++images[given[i]];
  }
  for (std::size_t k = 0; k < classes; ++k) {
    if (images[k] == 0) throw std::invalid_argument("confident learning: a class has no image");
    sums[k] /= images[k];
  }
  return sums;
}

std::size_t most_probable(std::span<const double> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// The class that an image is confidently of; `classes` when it is of none.
std::size_t confident_class(std::span<const double> row, const std::vector<double>& thresholds) {
  std::size_t found = row.size(), reached = 0;
  for (std::size_t k = 0; k < row.size(); ++k)
    if (row[k] >= thresholds[k] - kSlack && reached++ == 0) found = k;
  return reached > 1 ? most_probable(row) : found;
}

// Rows scaled to the images of each label. As in cleanlab, at least one image of each class counts as rightly
// labelled.
void calibrate(ConfidentLearning& result, std::span<const std::uint32_t> given) {
  const std::size_t classes = result.classes;
  std::vector<double> images(classes);
  for (const std::uint32_t label : given) ++images[label];
  result.joint.assign(classes * classes, 0);
  for (std::size_t g = 0; g < classes; ++g) {
    const auto first = result.counts.begin() + static_cast<std::ptrdiff_t>(g * classes);
    std::vector<std::size_t> row(first, first + static_cast<std::ptrdiff_t>(classes));
    row[g] = std::max<std::size_t>(1, row[g]);
    const auto sum = static_cast<double>(std::accumulate(row.begin(), row.end(), std::size_t{0}));
    const double share = images[g] / static_cast<double>(given.size());
    for (std::size_t k = 0; k < classes; ++k) {
      result.joint[g * classes + k] = share * static_cast<double>(row[k]) / sum;
      if (g != k) result.estimated_wrong += result.joint[g * classes + k];
    }
  }
}

}  // namespace

ConfidentLearning confident_learning(std::span<const double> probabilities,
                                     std::span<const std::uint32_t> given, std::size_t classes) {
  check(probabilities, given, classes);
  ConfidentLearning result;
  result.classes = classes;
  result.thresholds = thresholds_of(probabilities, given, classes);
  result.counts.assign(classes * classes, 0);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::span<const double> row = probabilities.subspan(i * classes, classes);
    const std::size_t confident = confident_class(row, result.thresholds);
    if (confident < classes) ++result.counts[given[i] * classes + confident];
    if (confident < classes && confident != given[i]) result.issues.push_back(i);
    result.predicted.push_back(static_cast<std::uint32_t>(most_probable(row)));
    double other = 0;
    for (std::size_t k = 0; k < classes; ++k)
      if (k != given[i]) other = std::max(other, row[k]);
    result.self_confidence.push_back(row[given[i]]);
    result.normalized_margin.push_back((row[given[i]] - other + 1) / 2);
  }
  std::stable_sort(result.issues.begin(), result.issues.end(), [&](std::size_t a, std::size_t b) {
    return result.self_confidence[a] < result.self_confidence[b];
  });
  calibrate(result, given);
  return result;
}

std::vector<std::size_t> ranked_by_self_confidence(const ConfidentLearning& result) {
  std::vector<std::size_t> order(result.self_confidence.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return result.self_confidence[a] < result.self_confidence[b];
  });
  return order;
}

std::size_t hits_among_first(std::span<const std::size_t> ranking, std::span<const std::uint8_t> wrong,
                             std::size_t at) {
  std::size_t hits = 0;
  for (const std::size_t i : ranking.first(std::min(at, ranking.size()))) hits += wrong[i] != 0;
  return hits;
}

}  // namespace dsx::statistics

// The rules by which val chooses a decision threshold, which is then frozen. Every threshold lies half-way
// between two neighbouring distinct scores (or 1 beyond the last), so that rounding cannot move an image
// across; an image counts as positive at and above it.
#pragma once

#include <span>
#include <string>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

struct Threshold {
  double value = kNotEstimable;
  double sensitivity = kNotEstimable, specificity = kNotEstimable;  // on the images that chose it
  std::string not_estimable;
  bool estimable() const { return not_estimable.empty(); }
};

// Largest sensitivity + specificity - 1; ties go to the lowest threshold (a missed pneumonia costs more than
// a false alarm).
Threshold choose_youden(std::span<const double> scores, Labels positive,
                        std::size_t minimum = kMinimumPerClass);

// The highest threshold whose sensitivity is at least `target`, in (0, 1].
Threshold choose_sensitivity(std::span<const double> scores, Labels positive, double target = 0.95,
                             std::size_t minimum = kMinimumPerClass);

// Least cost_ratio * (missed positives) + (false alarms), at the prevalence of these images; ties go to the
// lowest. cost_ratio > 0: what a missed positive costs in false alarms.
Threshold choose_least_cost(std::span<const double> scores, Labels positive, double cost_ratio,
                            std::size_t minimum = kMinimumPerClass);

}  // namespace dsx::statistics

// What the statistics' sources share and nobody else needs: the checks of their input, in one wording.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "study/statistics/auc.hpp"

namespace dsx::statistics::detail {

// Throws std::invalid_argument unless the lengths agree; no subjects at all is fine.
void require_same_length(std::size_t images, std::size_t labels, SubjectIds subjects);
void require_confidence(double confidence);

// Why these scores and labels give no figure; empty when they do. With subjects, subjects of each class are
// counted.
std::string too_little(std::span<const double> scores, Labels positive, SubjectIds subjects,
                       std::size_t minimum);
std::string too_few(const std::string& what, std::size_t count, std::size_t minimum);

// Subjects that occur at all among the images.
std::size_t count_subjects(SubjectIds subjects);

// Linear interpolation between order statistics (numpy's default).
double quantile_of_sorted(std::span<const double> sorted, double q);

}  // namespace dsx::statistics::detail

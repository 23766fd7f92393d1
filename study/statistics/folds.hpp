// Cross-validation by group: all images of a subject lie in one fold, and each fold has its share of each
// class, as far as whole groups allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// The fold (0 .. folds - 1) of each image, by seed. `groups` as SubjectIds; empty: each image alone. A group
// goes where its larger class is scarcest, large groups first. std::invalid_argument for fewer than 2 folds,
// fewer groups than folds, or lengths that differ.
std::vector<std::uint32_t> group_folds(Labels positive, SubjectIds groups, std::size_t folds,
                                       std::uint64_t seed);

}  // namespace dsx::statistics

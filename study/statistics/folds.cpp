#include "study/statistics/folds.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

#include "kernels/base/random.hpp"
#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

constexpr std::uint64_t kFoldStream = 0x666f6c6473;

}  // namespace

std::vector<std::uint32_t> group_folds(Labels positive, SubjectIds groups, std::size_t folds,
                                       std::uint64_t seed) {
  detail::require_same_length(positive.size(), positive.size(), groups);
  std::vector<std::uint32_t> own;
  if (groups.empty()) {
    own.resize(positive.size());
    std::iota(own.begin(), own.end(), 0U);
    groups = own;
  }
  const std::size_t size =
      groups.empty() ? 0 : std::size_t{*std::max_element(groups.begin(), groups.end())} + 1;
  std::vector<std::array<std::size_t, 2>> counts(size);  // of each class in each group
  for (std::size_t i = 0; i < positive.size(); ++i) ++counts[groups[i]][positive[i] != 0 ? 1 : 0];
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < size; ++g)
    if (counts[g][0] + counts[g][1] > 0) order.push_back(g);
  if (folds < 2) throw std::invalid_argument("cross-validation needs at least 2 folds");
  if (order.size() < folds)
    throw std::invalid_argument("cross-validation needs at least as many groups as folds");
  Random random{seed, kFoldStream};
  random.shuffle(std::span(order));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return counts[a][0] + counts[a][1] > counts[b][0] + counts[b][1];
  });
  std::vector<std::array<std::size_t, 2>> filled(folds);
  std::vector<std::uint32_t> fold_of(size);
  for (const std::size_t g : order) {
    const std::size_t larger = counts[g][1] > counts[g][0] ? 1 : 0;
    std::size_t best = 0;
    for (std::size_t f = 1; f < folds; ++f) {
      const std::array<std::size_t, 2> now{filled[f][larger], filled[f][1 - larger]};
      if (now < std::array<std::size_t, 2>{filled[best][larger], filled[best][1 - larger]}) best = f;
    }
    fold_of[g] = static_cast<std::uint32_t>(best);
    for (const std::size_t c : {0, 1}) filled[best][c] += counts[g][c];
  }
  std::vector<std::uint32_t> result;
  result.reserve(groups.size());
  for (const std::uint32_t g : groups) result.push_back(fold_of[g]);
  return result;
}

}  // namespace dsx::statistics

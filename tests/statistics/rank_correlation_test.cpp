#include "study/statistics/rank_correlation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/base/random.hpp"

namespace {

using namespace dsx::statistics;

// By counting, each image as often as its weight says.
double naive(const std::vector<double>& a, const std::vector<double>& b, const std::vector<double>& weights) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (int copy = 0; copy < static_cast<int>(weights[i]); ++copy) {
      x.push_back(a[i]);
      y.push_back(b[i]);
    }
  const auto ranks = [](const std::vector<double>& scores) {
    std::vector<double> result;
    for (const double s : scores) {
      double below = 0, equal = 0;
      for (const double t : scores) {
        below += t < s;
        equal += t == s;
      }
      result.push_back(below + (equal + 1) / 2);
    }
    return result;
  };
  const auto rx = ranks(x), ry = ranks(y);
  const auto n = static_cast<double>(x.size());
  double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < rx.size(); ++i) {
    sx += rx[i];
    sy += ry[i];
    xx += rx[i] * rx[i];
    yy += ry[i] * ry[i];
    xy += rx[i] * ry[i];
  }
  return (n * xy - sx * sy) / std::sqrt((n * xx - sx * sx) * (n * yy - sy * sy));
}

TEST(RankCorrelation, EqualsCountingWithTiesAndWeights) {
  dsx::Random random{11};
  for (int round = 0; round < 20; ++round) {
    std::vector<double> a, b, weights;
    for (int i = 0; i < 40; ++i) {
      a.push_back(static_cast<double>(random.below(12)));
      b.push_back(a.back() + static_cast<double>(random.below(9)));
      weights.push_back(static_cast<double>(random.below(4)));
    }
    EXPECT_NEAR(RankCorrelation(a, b).of(weights), naive(a, b, weights), 1e-12);
  }
}

// scipy.stats.spearmanr([3.1, 1, 4, 1, 5, 9, 2.5], [2, 7, 1, 8, 2, 8, 1]).statistic, SciPy 1.17.
TEST(RankCorrelation, EqualsSciPys) {
  const std::vector<double> a{3.1, 1, 4, 1, 5, 9, 2.5}, b{2, 7, 1, 8, 2, 8, 1}, ones(7, 1);
  EXPECT_NEAR(RankCorrelation(a, b).of(ones), -0.08334762598987158, 1e-12);
}

// Fisher's interval with Bonett & Wright's standard error, by hand: tanh(atanh(r) -+ 1.959964 sqrt((1 + r^2 /
// 2) / 4)).
TEST(RankCorrelation, HasAnIntervalFromFivePairsOn) {
  const std::vector<double> a{3.1, 1, 4, 1, 5, 9, 2.5}, b{2, 7, 1, 8, 2, 8, 1}, same(7, 3);
  const Estimate found = rank_correlation(a, b);
  EXPECT_NEAR(found.value, -0.08334762598987158, 1e-12);
  EXPECT_NEAR(found.low, -0.7876550213932422, 1e-9);
  EXPECT_NEAR(found.high, 0.715391496290071, 1e-9);
  EXPECT_FALSE(rank_correlation(a, same).estimable());
  EXPECT_FALSE(rank_correlation(std::span(a).first(4), std::span(b).first(4)).estimable());
  EXPECT_THROW(rank_correlation(a, std::span(b).first(4)), std::invalid_argument);
}

TEST(RankCorrelation, IsOneForTheSameOrderAndNotDefinedForOneValue) {
  const std::vector<double> a{-2, 0, 1, 5}, b{1, 2, 3, 400}, same(4, 7), ones(4, 1);
  EXPECT_DOUBLE_EQ(RankCorrelation(a, b).of(ones), 1);
  EXPECT_TRUE(std::isnan(RankCorrelation(a, same).of(ones)));
}

TEST(RankCorrelation, RefusesScoresThatDoNotFit) {
  const std::vector<double> a{1, 2}, b{1, 2, 3}, nan{1, NAN};
  EXPECT_THROW(RankCorrelation(a, b), std::invalid_argument);
  EXPECT_THROW(RankCorrelation(a, nan), std::invalid_argument);
}

}  // namespace

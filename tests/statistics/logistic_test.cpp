// Logistic regression against scikit-learn, folds by group, and how narrow an interval can be.
#include "study/statistics/logistic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>

#include "kernels/base/random.hpp"
#include "study/statistics/expected_precision.hpp"
#include "study/statistics/folds.hpp"
#include "study/statistics/proportion.hpp"

namespace dsx {
namespace {

using Doubles = std::vector<double>;
using Bytes = std::vector<std::uint8_t>;

TEST(Logistic, AgreesWithScikitLearn) {
  const auto figures = nlohmann::json::parse(
      std::ifstream(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/confident_learning.json"));
  const auto& expected = figures.at("logistic");
  const Doubles features = expected.at("features");
  const std::size_t columns = expected.at("columns");
  const statistics::LogisticModel model =
      statistics::fit_logistic(features, columns, expected.at("positive").get<Bytes>(), expected.at("ridge"));
  for (std::size_t k = 0; k < columns; ++k)
    EXPECT_NEAR(model.weights[k], expected.at("weights")[k].get<double>(), 1e-4);
  EXPECT_NEAR(model.intercept, expected.at("intercept").get<double>(), 1e-4);
  EXPECT_NEAR(model.logit(std::span(features).first(columns)), expected.at("logits")[0].get<double>(), 1e-4);
}

TEST(Logistic, SurvivesSeparatedClassesAndConstantFeatures) {
  const Doubles features = {0, 7, 1, 7, 2, 7, 3, 7};
  const statistics::LogisticModel model = statistics::fit_logistic(features, 2, Bytes{0, 0, 1, 1});
  EXPECT_GT(model.weights[0], 0.5);
  EXPECT_EQ(model.scale[1], 0);
  EXPECT_TRUE(std::isfinite(model.intercept));
}

TEST(Logistic, RefusesImpossibleInput) {
  EXPECT_THROW(statistics::fit_logistic(Doubles{1, 2}, 1, Bytes{1, 1}), std::invalid_argument);
  EXPECT_THROW(statistics::fit_logistic(Doubles{1, 2, 3}, 2, Bytes{0, 1}), std::invalid_argument);
  EXPECT_THROW(statistics::fit_logistic(Doubles{1, std::nan("")}, 1, Bytes{0, 1}), std::invalid_argument);
  EXPECT_THROW(statistics::fit_logistic(Doubles{1, 2}, 1, Bytes{0, 1}, 0), std::invalid_argument);
}

// Features that know the subject but nothing of the label must not pass for knowledge.
TEST(Logistic, CrossValidatedBySubjectDoesNotLearnSubjects) {
  Random random{3};
  constexpr std::size_t kSubjects = 120, kEach = 4, kColumns = 5;
  Doubles features;
  Bytes positive;
  std::vector<std::uint32_t> subject;
  for (std::uint32_t s = 0; s < kSubjects; ++s) {
    Doubles own(kColumns);
    for (double& x : own) x = random.normal();
    for (std::size_t i = 0; i < kEach; ++i) {
      features.insert(features.end(), own.begin(), own.end());
      positive.push_back(s % 2);
      subject.push_back(s);
    }
  }
  const statistics::Estimate auc = statistics::auc_estimate(
      statistics::cross_validated_logits(features, kColumns, positive, subject), positive, subject);
  EXPECT_LT(auc.value, 0.6);
  EXPECT_GT(auc.value, 0.4);
}

TEST(GroupFolds, KeepGroupsTogetherAndClassesEven) {
  Random random{4};
  Bytes positive;
  std::vector<std::uint32_t> group;
  for (std::uint32_t g = 0; g < 200; ++g)
    for (std::size_t i = 0; i <= random.below(5); ++i) {
      positive.push_back(g % 4 == 0);
      group.push_back(g);
    }
  const std::vector<std::uint32_t> fold = statistics::group_folds(positive, group, 5, 1);
  std::map<std::uint32_t, std::set<std::uint32_t>> folds_of;
  std::array<std::array<int, 2>, 5> count{};
  for (std::size_t i = 0; i < fold.size(); ++i) {
    folds_of[group[i]].insert(fold[i]);
    ++count[fold[i]][positive[i]];
  }
  for (const auto& [g, folds] : folds_of) EXPECT_EQ(folds.size(), 1U);
  for (const int label : {0, 1}) {
    std::array<int, 5> of{};
    for (std::size_t f = 0; f < 5; ++f) of[f] = count[f][static_cast<std::size_t>(label)];
    EXPECT_LE(*std::max_element(of.begin(), of.end()) - *std::min_element(of.begin(), of.end()), 2);
  }
  EXPECT_EQ(fold, statistics::group_folds(positive, group, 5, 1));
  EXPECT_NE(fold, statistics::group_folds(positive, group, 5, 2));
  EXPECT_THROW(statistics::group_folds(positive, group, 1, 1), std::invalid_argument);
  EXPECT_THROW(statistics::group_folds(Bytes{0, 1}, {}, 3, 1), std::invalid_argument);
}

// Hanley & McNeil's own formulas, written out for AUC 0.8 with 10 and 20 images.
TEST(ExpectedPrecision, IsHanleyAndMcNeilsAndWilsons) {
  const double q1 = 0.8 / 1.2, q2 = 2 * 0.64 / 1.8;
  const double variance = (0.8 * 0.2 + 9 * (q1 - 0.64) + 19 * (q2 - 0.64)) / 200;
  EXPECT_NEAR(statistics::hanley_mcneil_se(0.8, 10, 20), std::sqrt(variance), 1e-12);
  EXPECT_NEAR(statistics::auc_half_width(0.8, 10, 20), 1.959964 * std::sqrt(variance), 1e-6);
  const statistics::Estimate wilson_of_90 = statistics::wilson(90, 100);
  EXPECT_NEAR(statistics::share_half_width(0.9, 100), (wilson_of_90.high - wilson_of_90.low) / 2, 1e-9);
  EXPECT_TRUE(std::isnan(statistics::auc_half_width(0.8, 0, 20)));
  EXPECT_TRUE(std::isnan(statistics::share_half_width(0.9, 0)));
}

}  // namespace
}  // namespace dsx

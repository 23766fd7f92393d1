// Metrics against values worked out by hand and against scikit-learn's.
#include "study/training/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "study/cli/text_table.hpp"

namespace dsx {
namespace {

using Floats = std::vector<float>;

TEST(Metrics, CountsAndRatiosByHand) {
  // Predicted positive at 0 and above: TP 2, FN 1, FP 1, TN 2.
  const Floats logits = {2, 0, -1, 3, -2, -0.5F}, labels = {1, 1, 1, 0, 0, 0};
  const training::Metrics m = training::compute_metrics(logits, labels);
  EXPECT_EQ(m.confusion.tp, 2U);
  EXPECT_EQ(m.confusion.fn, 1U);
  EXPECT_EQ(m.confusion.fp, 1U);
  EXPECT_EQ(m.confusion.tn, 2U);
  EXPECT_DOUBLE_EQ(m.accuracy, 4.0 / 6);
  EXPECT_DOUBLE_EQ(m.precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.specificity, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.auc, 5.0 / 9);  // of 9 pairs: 2 beats -2 and -.5, 0 beats both, -1 beats -2
  EXPECT_DOUBLE_EQ(m.threshold, 0.5);
}

TEST(Metrics, UndefinedRatiosAreNaN) {
  const training::Metrics none = training::compute_metrics(Floats{-1, -2}, Floats{0, 0});
  EXPECT_TRUE(std::isnan(none.precision));
  EXPECT_TRUE(std::isnan(none.recall));
  EXPECT_TRUE(std::isnan(none.f1));
  EXPECT_TRUE(std::isnan(none.auc));
  EXPECT_EQ(none.specificity, 1);
  EXPECT_EQ(none.accuracy, 1);
  const training::Metrics missed = training::compute_metrics(Floats{-1, -2}, Floats{1, 0});
  EXPECT_TRUE(std::isnan(missed.precision));
  EXPECT_EQ(missed.f1, 0);  // 2TP / (2TP + FP + FN) = 0 / 1
  EXPECT_TRUE(std::isnan(training::compute_metrics({}, {}).accuracy));
  EXPECT_TRUE(std::isnan(training::youden_threshold(Floats{1, 2}, Floats{1, 1})));
}

TEST(Auc, CountsTiesAsHalf) {
  EXPECT_DOUBLE_EQ(training::roc_auc(Floats{1, 1, 1, 1}, Floats{0, 1, 0, 1}), 0.5);
  // sklearn.metrics.roc_auc_score([0,0,1,1,0,1], [.1,.4,.35,.8,.4,.4]) = 0.6666666666666667
  EXPECT_DOUBLE_EQ(training::roc_auc(Floats{.1F, .4F, .35F, .8F, .4F, .4F}, Floats{0, 0, 1, 1, 0, 1}),
                   6.0 / 9);
  EXPECT_DOUBLE_EQ(training::roc_auc(Floats{1, 2, 3}, Floats{0, 1, 1}), 1);
  EXPECT_DOUBLE_EQ(training::roc_auc(Floats{3, 2, 1}, Floats{0, 1, 1}), 0);
}

TEST(Auc, NoNumberForNoNumber) { EXPECT_TRUE(std::isnan(training::roc_auc(Floats{NAN, 1}, Floats{0, 1}))); }

TEST(Auc, AgreesWithAllPairs) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> score(0, 9), label(0, 1);
  for (int round = 0; round < 50; ++round) {
    Floats scores(40), labels(40);
    for (std::size_t i = 0; i < 40; ++i) {
      scores[i] = static_cast<float>(score(random));
      labels[i] = static_cast<float>(label(random));
    }
    double wins = 0, pairs = 0;
    for (std::size_t i = 0; i < 40; ++i)
      for (std::size_t j = 0; j < 40; ++j)
        if (labels[i] == 1 && labels[j] == 0) {
          wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          ++pairs;
        }
    ASSERT_NEAR(training::roc_auc(scores, labels), wins / pairs, 1e-15) << "round " << round;
  }
}

TEST(Loss, MatchesScikitLearnAndNeverOverflows) {
  // sklearn.metrics.log_loss([1,0,1], sigmoid([.5,-1.5,2])) = (0.474077 + 0.201413 + 0.126928) / 3
  EXPECT_NEAR(training::bce_loss(Floats{0.5F, -1.5F, 2}, Floats{1, 0, 1}), 0.26747279, 1e-7);
  EXPECT_DOUBLE_EQ(training::bce_loss(Floats{1000, -1000}, Floats{0, 1}), 1000);
  EXPECT_DOUBLE_EQ(training::bce_loss(Floats{1000, -1000}, Floats{1, 0}), 0);
}

TEST(Youden, LiesHalfWayBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(training::youden_threshold(Floats{-2, -1, 1, 3}, Floats{0, 0, 1, 1}), 0);
  EXPECT_DOUBLE_EQ(training::youden_threshold(Floats{-2, 2, 1, 3}, Floats{0, 1, 0, 1}), 1.5);
}

TEST(Youden, TiesGoToTheLowestThreshold) {
  // Thresholds .5 (sens 1, spec .5) and 2.5 (sens .5, spec 1) have the same index.
  EXPECT_DOUBLE_EQ(training::youden_threshold(Floats{0, 1, 2, 3}, Floats{0, 1, 0, 1}), 0.5);
}

TEST(Youden, WorthlessScoresCallEverythingPositive) {
  const Floats logits = {3, 1}, labels = {0, 1};
  const double threshold = training::youden_threshold(logits, labels);
  EXPECT_EQ(training::confusion_at(logits, labels, threshold).fp, 1U);
  EXPECT_EQ(training::confusion_at(logits, labels, threshold).tp, 1U);
}

TEST(Youden, IsTheBestOfAllThresholds) {
  std::mt19937 random(11);
  std::normal_distribution<float> noise(0, 1);
  for (int round = 0; round < 50; ++round) {
    Floats logits(30), labels(30);
    for (std::size_t i = 0; i < 30; ++i) {
      labels[i] = i % 3 == 0 ? 0.F : 1.F;
      logits[i] = std::round(4 * (noise(random) + labels[i])) / 4;
    }
    const auto index = [&](double t) {
      const training::Confusion c = training::confusion_at(logits, labels, t);
      return static_cast<double>(c.tp) / 20 + static_cast<double>(c.tn) / 10 - 1;
    };
    const double best = index(training::youden_threshold(logits, labels));
    for (double t = -5; t <= 5; t += 0.125)
      ASSERT_LE(index(t), best + 1e-12) << "round " << round << " t " << t;
  }
}

TEST(TextTable, ShowsUndefinedAsNotAvailable) {
  EXPECT_EQ(cli::fixed(NAN, 3), "n/a");
  EXPECT_EQ(cli::fixed(0.12345, 3), "0.123");
  EXPECT_EQ(cli::duration(125), "2 min 05 s");
  EXPECT_EQ(cli::grouped(11396621), "11,396,621");
  EXPECT_EQ(cli::grouped(999), "999");
  cli::TextTable table({"what", "value"});
  table.add({"auc", "0.9"});
  table.add({"f1", "n/a"});
  EXPECT_EQ(table.str(), "  what  value\n  auc     0.9\n  f1      n/a\n");
}

}  // namespace
}  // namespace dsx

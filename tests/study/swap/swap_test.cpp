// Networks run with other operators, on logits whose truth is known: figures against counting, parts that add
// up, a planted effect that is found and a planted null that is not.
#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "study/findings/verdicts.hpp"
#include "study/swap/swap_figures.hpp"
#include "study/swap/swap_tables.hpp"
#include "study/swap/swap_text.hpp"
#include "tests/study/swap/planted_swap.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

class Swapped {
 public:
  explicit Swapped(const PlantedSwap& planted) : Swapped(planted.make()) {}
  explicit Swapped(PlantedSwap::Made made) : made_(std::move(made)) {
    analysis::CompareOptions options;
    options.resamples = 200;
    comparison_ = analysis::make_comparison(made_.cells, options);
    analysis_ = std::make_unique<analysis::Analysis>(comparison_);
    swap::add_swap_figures(*analysis_, made_.logits);
    analysis_->figures.run();
    swap::add_swap_tables(*analysis_, made_.logits, true);
    findings::add_verdicts(*analysis_);
  }
  const PlantedSwap::Made& made() const { return made_; }
  const analysis::Comparison& comparison() const { return comparison_; }
  const analysis::Figures& figures() const { return analysis_->figures; }
  const analysis::ComparisonResults& results() const { return analysis_->results; }
  const analysis::OverSeeds& found(const std::string& topic, const std::string& key, const std::string& a,
                                   const std::string& b = "") const {
    const analysis::Record* record = analysis_->records.find(topic, key, {}, a, b);
    if (record == nullptr) throw std::logic_error("no record " + topic + " " + key);
    return record->found;
  }
  std::string verdict(const std::string& question, const std::string& comparison) const {
    const analysis::ResultTable& table = results().table("verdicts");
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.text(r, "question") == question && table.text(r, "comparison") == comparison)
        return table.text(r, "verdict");
    throw std::logic_error("no verdict on " + question);
  }

 private:
  PlantedSwap::Made made_;
  analysis::Comparison comparison_;
  std::unique_ptr<analysis::Analysis> analysis_;
};

PlantedSwap three_variants() {
  PlantedSwap planted;
  planted.planted.variants = {"avgpool", "maxpool", "strided"};
  planted.planted.seeds = 3;
  planted.of_training = {{"maxpool", -0.6}};
  return planted;
}

// Of three_variants(), analysed once for the tests that only look.
const Swapped& as_planted() {
  static const Swapped swapped(three_variants());
  return swapped;
}

// Counted from the logits, image by image.
TEST(Swap, FiguresEqualCounting) {
  const Swapped& swapped = as_planted();
  for (std::size_t c = 0; c < swapped.made().cells.size(); ++c) {
    const analysis::Cell& cell = swapped.made().cells[c];
    const std::size_t op = swap::place_of_operator("maxpool");
    const auto& run = swapped.made().logits[c].test[op];
    const auto& val = swapped.made().logits[c].val[op];
    const double frozen = swapped.comparison().cells[c].thresholds.at("sensitivity").value;
    // The highest threshold that finds 95% of val's positives, by trying all.
    double again = -INFINITY;
    for (const float candidate : val) {
      double positives = 0, at = 0;
      for (std::size_t i = 0; i < val.size(); ++i)
        if (cell.val.labels[i] > 0.5F) {
          ++positives;
          at += val[i] >= candidate;
        }
      if (at / positives >= 0.95) again = std::max(again, static_cast<double>(candidate));
    }
    // Half-way to the next lower one, so that rounding cannot move an image across.
    double below = -INFINITY;
    for (const float logit : val)
      if (logit < again) below = std::max(below, static_cast<double>(logit));
    again = (again + below) / 2;
    double sum = 0, called_frozen = 0, called_again = 0, called_half = 0, negatives = 0, spared = 0,
           pairs = 0, won = 0;
    for (std::size_t i = 0; i < run.size(); ++i) {
      sum += run[i];
      called_frozen += run[i] >= frozen;
      called_again += run[i] >= again;
      called_half += run[i] >= 0;
      if (cell.test.labels[i] > 0.5F) continue;
      ++negatives;
      spared += run[i] < 0;
      for (std::size_t j = 0; j < run.size(); ++j)
        if (cell.test.labels[j] > 0.5F) {
          ++pairs;
          won += run[j] > run[i] ? 1 : (run[j] == run[i] ? 0.5 : 0);
        }
    }
    const auto n = static_cast<double>(run.size());
    const auto value = [&](const std::string& figure) {
      return swapped.figures().value(c, "swap/maxpool/test/" + figure);
    };
    EXPECT_NEAR(value("/logit"), sum / n, 1e-9);
    EXPECT_NEAR(value("/auc"), won / pairs, 1e-12);
    EXPECT_NEAR(value("half/specificity"), spared / negatives, 1e-12);
    EXPECT_NEAR(value("half/predicted_positive_rate"), called_half / n, 1e-12);
    EXPECT_NEAR(value("sensitivity/predicted_positive_rate"), called_frozen / n, 1e-12);
    EXPECT_NEAR(value("sensitivity_again/predicted_positive_rate"), called_again / n, 1e-12);
  }
}

TEST(Swap, PartsAddUpToTheDifferenceInEverySeedAndFigure) {
  const Swapped& swapped = as_planted();
  int checked = 0;
  for (const auto& [a, b] : swapped.comparison().pairs())
    for (const swap::SwapFigure& figure : swap::swap_figures()) {
      if (figure.split != data::Split::test || figure.is_of_change) continue;
      const auto of = [&](const std::string& part) {
        return swapped.found("swap_parts", part + "/" + figure.rule + "/" + figure.metric, a, b).of_seeds;
      };
      const auto difference = of("difference"), op = of("operator"), training = of("training"),
                 on_a = of("operator_on_a"), on_b = of("operator_on_b");
      for (std::size_t s = 0; s < difference.size(); ++s, ++checked) {
        EXPECT_NEAR(op[s] + training[s], difference[s], 1e-14) << figure.rule << figure.metric;
        EXPECT_NEAR((on_a[s] + on_b[s]) / 2, op[s], 1e-14);
      }
    }
  EXPECT_EQ(checked, 3 * 3 * 17);
}

// The planted effects: maxpool adds 1 to the logit, training takes .6 of it back.
TEST(Swap, TellsTheOperatorsPartFromTrainings) {
  const Swapped& swapped = as_planted();
  const auto expect_inside = [&](const std::string& part, double truth) {
    const statistics::Estimate& e =
        swapped.found("swap_parts", part + "//logit", "maxpool", "avgpool").estimate;
    ASSERT_TRUE(e.estimable()) << e.not_estimable;
    EXPECT_LE(e.low, truth) << part;
    EXPECT_GE(e.high, truth) << part;
  };
  expect_inside("operator", 1);
  const statistics::Estimate& op =
      swapped.found("swap_parts", "operator//logit", "maxpool", "avgpool").estimate;
  EXPECT_GT(op.low, 0.9);
  EXPECT_LT(op.high, 1.1);
  expect_inside("training", -0.6);
  EXPECT_EQ(swapped.verdict("mean logit on test with the same weights", "maxpool - avgpool"), "higher");
  EXPECT_EQ(swapped.verdict("images called positive, same weights", "maxpool - avgpool"), "higher");
}

TEST(Swap, DoesNotFindAnEffectThatIsNotThere) {
  PlantedSwap planted = three_variants();
  planted.of_operator.clear();
  const Swapped swapped(planted);
  EXPECT_NE(swapped.verdict("mean logit on test with the same weights", "strided - avgpool"), "higher");
  EXPECT_NE(swapped.verdict("mean logit on test with the same weights", "strided - avgpool"), "lower");
  EXPECT_EQ(swapped.verdict("images called positive, same weights", "maxpool - avgpool"), "equivalent");
}

TEST(Swap, ASharedShiftChangesNeitherRanksNorAThresholdChosenAgain) {
  PlantedSwap planted = three_variants();
  planted.jitter = 0;
  const Swapped swapped(planted);
  const auto of = [&](const std::string& key) {
    return swapped.found("swap_change/maxpool", key, "avgpool").of_seeds;
  };
  for (const double rank : of("test//rank_correlation")) EXPECT_NEAR(rank, 1, 1e-6);
  for (const double change : of("test//logit")) EXPECT_NEAR(change, 1, 1e-6);
  for (const double change : of("test/sensitivity_again/predicted_positive_rate"))
    EXPECT_NEAR(change, 0, 0.01);
  for (const double change : of("test/sensitivity/predicted_positive_rate")) EXPECT_GT(change, 0.05);
}

TEST(Swap, TheDosesSlopeIsThatOfLeastSquares) {
  PlantedSwap planted = three_variants();
  planted.jitter = 0;
  planted.of_operator = {{"rmspool", 0.5}, {"powermean4", 0.75}, {"powermean8", 0.875}, {"maxpool", 1}};
  const Swapped swapped(planted);
  for (const std::string trained : {"avgpool", "strided", "all"})
    for (const double slope : swapped.found("swap_dose_slope", "logit", trained).of_seeds)
      EXPECT_NEAR(slope, 1, 1e-5) << trained;  // the planted shift is the dose itself
}

TEST(Swap, ControlSaysWhereARunDiffersFromTheRecord) {
  PlantedSwap::Made made = three_variants().make();
  made.cells.front().test.logits[3] += 0.25F;
  const Swapped swapped(std::move(made));
  const analysis::ResultTable& table = swapped.results().table("swap_control");
  EXPECT_NEAR(table.number(0, "largest_difference"), 0.25, 1e-6);
  EXPECT_NEAR(table.number(2, "largest_difference"), 0, 1e-6);
}

TEST(Swap, SaysWhyACellCouldNotBeRun) {
  PlantedSwap::Made made = three_variants().make();
  made.logits.front() = {{}, {}, "the images are gone"};
  const Swapped swapped(std::move(made));
  EXPECT_THAT(swapped.found("swap_change/maxpool", "test//logit", "avgpool").estimate.not_estimable,
              HasSubstr("the images are gone"));
  EXPECT_THAT(swap::swap_text(swapped.results()), HasSubstr("the images are gone"));
}

TEST(Swap, TextSaysThatThePartsAddUp) {
  const std::string text = swap::swap_text(as_planted().results());
  EXPECT_THAT(text, HasSubstr("add up to the difference exactly (largest remainder"));
  EXPECT_THAT(text, HasSubstr("maxpool - avgpool"));
  EXPECT_THAT(text, HasSubstr("slice, against strided"));
}

}  // namespace
}  // namespace dsx

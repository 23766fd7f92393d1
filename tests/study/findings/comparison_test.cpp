// The analysis of a sweep on predictions whose truth is known.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <set>

#include "kernels/base/error.hpp"
#include "study/analysis/analysis.hpp"
#include "study/analysis/calibration.hpp"
#include "study/analysis/cell_tables.hpp"
#include "study/analysis/decision.hpp"
#include "study/analysis/decision_pairs.hpp"
#include "study/analysis/generalization.hpp"
#include "study/analysis/robustness.hpp"
#include "study/findings/verdicts.hpp"
#include "study/statistics/holm.hpp"
#include "study/training/metrics.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// Decisions, generalization and calibration with few resamples.
class Analysed {
 public:
  explicit Analysed(const Planted& planted, int threads = 1) : Analysed(planted_cells(planted), threads) {}
  explicit Analysed(std::vector<analysis::Cell> cells, int threads = 1) : cells_(std::move(cells)) {
    analysis::CompareOptions options;
    options.resamples = 400;
    options.threads = threads;
    comparison_ = analysis::make_comparison(cells_, options);
    analysis_ = std::make_unique<analysis::Analysis>(comparison_);
    analysis::add_generalization_figures(*analysis_);
    analysis::add_decision_figures(*analysis_);
    analysis::add_disagreement_figures(*analysis_);
    analysis::add_calibration_figures(*analysis_);
    analysis_->figures.run();
    analysis::add_generalization_tables(*analysis_);
    analysis::add_robustness_tables(*analysis_);
    analysis::add_curves(*analysis_);
    analysis::add_decision_tables(*analysis_);
    analysis::add_pair_tables(*analysis_);
    analysis::add_calibration_tables(*analysis_);
    findings::add_verdicts(*analysis_);
  }
  const analysis::Comparison& comparison() const { return comparison_; }
  const analysis::Records& records() const { return analysis_->records; }
  const analysis::Figures& figures() const { return analysis_->figures; }
  const analysis::ComparisonResults& results() const { return analysis_->results; }
  const statistics::Estimate& found(const std::string& topic, const std::string& key, const std::string& a,
                                    const std::string& b = "", const analysis::NoiseLevel& noise = {}) const {
    const analysis::Record* record = records().find(topic, key, noise, a, b);
    if (record == nullptr) throw std::logic_error("no record " + topic + " " + key);
    return record->found.estimate;
  }
  // Row of `verdicts`.
  std::size_t verdict_row(const std::string& question, const std::string& comparison,
                          double noise = 0) const {
    const analysis::ResultTable& table = results().table("verdicts");
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.text(r, "question") == question && table.text(r, "comparison") == comparison &&
          table.number(r, "noise") == noise)
        return r;
    throw std::logic_error("no verdict on " + question);
  }
  std::string verdict(const std::string& question, const std::string& comparison, const std::string& column,
                      double noise = 0) const {
    return results().table("verdicts").text(verdict_row(question, comparison, noise), column);
  }

 private:
  std::vector<analysis::Cell> cells_;
  analysis::Comparison comparison_;
  std::unique_ptr<analysis::Analysis> analysis_;
};

constexpr const char* kSpecificity = "specificity on test at probability .5";

// Negatives of maxpool lie higher, so that more of them are called positive.
Planted less_specific() {
  Planted planted;
  planted.mean = [](const std::string& variant, bool positive, double) {
    if (positive) return 1.5;
    return variant == "maxpool" ? -0.5 : -1.5;
  };
  return planted;
}

TEST(CompareAnalysis, FindsAPlantedDifferenceInSpecificity) {
  const Analysed analysed(less_specific());
  const double truth =
      statistics::normal_cdf(0.5 / std::hypot(0.7, 0.7)) - statistics::normal_cdf(1.5 / std::hypot(0.7, 0.7));
  const statistics::Estimate& difference =
      analysed.found("decision", "half/specificity", "maxpool", "avgpool");
  ASSERT_TRUE(difference.estimable()) << difference.not_estimable;
  EXPECT_LT(difference.low, truth);
  EXPECT_GT(difference.high, truth);
  EXPECT_LT(difference.high, 0);
  EXPECT_EQ(analysed.verdict(kSpecificity, "maxpool - avgpool", "verdict"), "lower");
  EXPECT_THAT(analysed.verdict(kSpecificity, "maxpool - avgpool", "sentence"),
              AllOf(HasSubstr("maxpool is less specific than avgpool at probability .5 by "),
                    HasSubstr(" points ("), HasSubstr("after correction")));
}

TEST(CompareAnalysis, CannotTellVariantsOfOneDistributionApart) {
  Planted planted;  // few images: many would show that the two are equivalent
  planted.per_class = 15;
  planted.seeds = 3;
  const Analysed analysed(planted);
  EXPECT_EQ(analysed.verdict(kSpecificity, "maxpool - avgpool", "verdict"), "undecided");
  EXPECT_THAT(analysed.verdict(kSpecificity, "maxpool - avgpool", "sentence"),
              AllOf(HasSubstr("these data cannot tell maxpool and avgpool apart in specificity"),
                    HasSubstr("a difference below "),
                    HasSubstr(" points would be missed more than once in five times")));
}

TEST(CompareAnalysis, CannotTellEqualPredictionsApartAndGivesThemNoInterval) {
  Planted planted;
  planted.same_draws = true;
  const Analysed analysed(planted);
  EXPECT_FALSE(analysed.found("decision", "half/specificity", "maxpool", "avgpool").estimable());
  EXPECT_EQ(analysed.verdict(kSpecificity, "maxpool - avgpool", "verdict"), "undecided");
  EXPECT_THAT(analysed.verdict(kSpecificity, "maxpool - avgpool", "sentence"),
              HasSubstr("the same in every seed and resample"));
  const analysis::Record* record = analysed.records().find("disagreement", "half", {}, "maxpool", "avgpool");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->found.value(), 0);
}

TEST(CompareAnalysis, OneSeedSaysNothingOfOtherSeeds) {
  Planted planted = less_specific();
  planted.seeds = 1;
  const Analysed analysed(planted);
  EXPECT_EQ(analysed.verdict(kSpecificity, "maxpool - avgpool", "verdict"), "not estimable");
  EXPECT_THAT(analysed.verdict(kSpecificity, "maxpool - avgpool", "sentence"), HasSubstr("one seed"));
  const analysis::ResultTable& seeds = analysed.results().table("decision_seed");
  EXPECT_TRUE(std::isfinite(seeds.number(0, "value"))) << "the seed itself has its figures";
}

TEST(CompareAnalysis, TooFewOfAClassIsAReasonAndNeverANumber) {
  Planted planted;
  planted.per_class = 9;
  const Analysed analysed(planted);
  for (const analysis::ResultTable& table : analysed.results().tables) {
    const bool has_reason =
        std::any_of(table.columns.begin(), table.columns.end(),
                    [](const analysis::ResultColumn& c) { return c.name == "not_estimable"; });
    for (std::size_t r = 0; has_reason && r < table.rows.size(); ++r) {
      // The fixed threshold was not estimated from anything.
      if (table.name == "thresholds" && table.text(r, "rule") == "half") continue;
      EXPECT_THAT(table.text(r, "not_estimable"), AnyOf(HasSubstr("at least 10"), HasSubstr("no seed")))
          << table.name;
      for (const analysis::ResultColumn& column : table.columns) {
        static const std::set<std::string> labels = {"noise", "seed",   "pixels", "bin",
                                                     "seeds", "images", "learnt", "not_learnt"};
        if (column.is_text || labels.contains(column.name)) continue;
        EXPECT_TRUE(std::isnan(table.number(r, column.name))) << table.name << " " << column.name;
      }
    }
  }
  EXPECT_TRUE(analysed.results().table("roc").rows.empty());
  EXPECT_TRUE(analysed.results().table("confusion").rows.empty());
  EXPECT_EQ(analysed.verdict(kSpecificity, "maxpool - avgpool", "verdict"), "not estimable");
}

TEST(CompareAnalysis, EnoughImagesOfTooFewSubjectsAreTooLittle) {
  Planted planted;
  planted.per_class = 40;
  planted.seeds = 3;
  planted.images_per_subject = 5;
  const Analysed analysed(planted);
  EXPECT_THAT(analysed.verdict(kSpecificity, "maxpool - avgpool", "sentence"),
              HasSubstr("only 8 subjects with NORMAL images"));
}

TEST(CompareAnalysis, ImagesThatShareASubjectWidenTheInterval) {
  Planted alone;
  alone.mean = [](const std::string&, bool positive, double) { return positive ? 0.4 : -0.4; };
  Planted together = alone;
  together.images_per_subject = 10;
  const auto width = [](const Analysed& analysed) {
    const statistics::Estimate& e = analysed.found("generalization", "test/auc", "avgpool");
    return e.high - e.low;
  };
  // Half of the variance is the subject's: its mean over ten images has 5.5 times the variance of independent
  // ones.
  EXPECT_GT(width(Analysed(together)), 1.5 * width(Analysed(alone)));
}

TEST(CompareAnalysis, FiguresDoNotDependOnTheNumberOfThreads) {
  const Analysed one(less_specific(), 1), three(less_specific(), 3);
  for (const char* key : {"half/specificity", "youden/ppv", "sensitivity/f1"}) {
    const statistics::Estimate &a = one.found("decision", key, "maxpool", "avgpool"),
                               &b = three.found("decision", key, "maxpool", "avgpool");
    EXPECT_EQ(a.value, b.value) << key;
    EXPECT_EQ(a.low, b.low) << key;
    EXPECT_EQ(a.p, b.p) << key;
  }
}

TEST(CompareAnalysis, FiguresOverSeedsAreMeansOfTheSeeds) {
  const Analysed analysed(less_specific());
  double auc = 0, gap = 0, difference = 0;
  for (const analysis::JudgedCell& cell : analysed.comparison().cells) {
    const auto area = [&](data::Split split) {
      return training::roc_auc(cell.cell->of(split).logits, cell.cell->of(split).labels);
    };
    if (cell.cell->variant == "avgpool") {
      auc += area(data::Split::test) / 5;
      gap += (area(data::Split::train) - area(data::Split::test)) / 5;
    }
    difference += area(data::Split::test) / 5 * (cell.cell->variant == "maxpool" ? 1 : -1);
  }
  EXPECT_NEAR(analysed.found("generalization", "test/auc", "avgpool").value, auc, 1e-12);
  EXPECT_NEAR(analysed.found("gap", "train-test/auc", "avgpool").value, gap, 1e-12);
  EXPECT_NEAR(analysed.found("generalization", "test/auc", "maxpool", "avgpool").value, difference, 1e-12);
}

TEST(CompareAnalysis, SlopesOverNoiseAreLeastSquaresPerSeed) {
  Planted planted;
  planted.rates = {0, 0.2, 0.4};
  planted.mean = [](const std::string& variant, bool positive, double rate) {
    const double half = 1.5 - (variant == "maxpool" ? 3.0 : 1.0) * rate;
    return positive ? half : -half;
  };
  const Analysed analysed(planted);
  const auto mean_auc = [&](double rate, const std::string& variant) {
    return analysed.found("generalization", "test/auc", variant, "", {rate > 0 ? "symmetric" : "", rate})
        .value;
  };
  // Three equally spaced levels: the least-squares slope is (last - first) / (2 * step).
  const analysis::Record* slope =
      analysed.records().find("robustness", "auc", {"symmetric", 0}, "maxpool", "");
  ASSERT_NE(slope, nullptr);
  EXPECT_NEAR(slope->found.estimate.value, (mean_auc(0.4, "maxpool") - mean_auc(0, "maxpool")) / 0.4, 1e-12);
  EXPECT_EQ(analysed.verdict("loss of test AUC with symmetric label noise", "maxpool - avgpool", "verdict"),
            "lower");
  EXPECT_THAT(
      analysed.verdict("loss of test AUC with symmetric label noise", "maxpool - avgpool", "sentence"),
      HasSubstr("maxpool loses more test AUC to label noise than avgpool"));
  EXPECT_THAT(analysed.verdict("AUC on test", "maxpool - avgpool", "sentence", 0.4),
              HasSubstr("with 40% wrong labels (symmetric): maxpool has a lower test AUC than avgpool"));
}

TEST(CompareAnalysis, AFamilyIsCorrectedTogether) {
  Planted planted = less_specific();
  planted.variants = {"avgpool", "maxpool", "strided"};
  const Analysed analysed(planted);
  const analysis::ResultTable& table = analysed.results().table("verdicts");
  std::vector<double> p, p_holm;
  for (const char* comparison : {"maxpool - avgpool", "strided - avgpool", "strided - maxpool"}) {
    const std::size_t row = analysed.verdict_row(kSpecificity, comparison);
    p.push_back(table.number(row, "p"));
    p_holm.push_back(table.number(row, "p_holm"));
  }
  EXPECT_THAT(p_holm, ::testing::ElementsAreArray(statistics::holm_adjusted(p)));
}

TEST(CompareAnalysis, TestLabelsChooseNoThreshold) {
  std::vector<analysis::Cell> cells = planted_cells(less_specific());
  const Analysed before{std::vector<analysis::Cell>(cells)};
  for (analysis::Cell& cell : cells)
    for (float& label : cell.test.labels) label = 1 - label;
  // Swapped labels change the strata of test subjects, so only figures are compared, not resamples.
  const Analysed after{std::move(cells)};
  for (std::size_t c = 0; c < before.comparison().cells.size(); ++c)
    for (const analysis::Rule& rule : before.comparison().rules)
      EXPECT_EQ(before.comparison().cells[c].thresholds.at(rule.name).value,
                after.comparison().cells[c].thresholds.at(rule.name).value)
          << rule.name;
}

TEST(CompareAnalysis, RefusesCellsOfASeedWithOtherImages) {
  std::vector<analysis::Cell> cells = planted_cells(Planted{});
  std::swap(cells[1].test.names[0], cells[1].test.names[2]);
  EXPECT_THROW(analysis::make_comparison(cells, {}), DataError);
}

}  // namespace
}  // namespace dsx

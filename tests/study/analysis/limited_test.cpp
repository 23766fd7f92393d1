// Learning curves and their slopes on predictions whose truth is known.
#include "study/analysis/limited.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "study/analysis/decision.hpp"
#include "study/analysis/generalization.hpp"
#include "study/findings/verdicts.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

class Curves {
 public:
  explicit Curves(const Planted& planted) : Curves(planted_cells(planted)) {}
  explicit Curves(std::vector<analysis::Cell> cells) : cells_(std::move(cells)) {
    analysis::CompareOptions options;
    options.resamples = 400;
    comparison_ = analysis::make_comparison(cells_, options);
    analysis_ = std::make_unique<analysis::Analysis>(comparison_);
    analysis::add_generalization_figures(*analysis_);
    analysis::add_decision_figures(*analysis_);
    analysis_->figures.run();
    analysis::add_generalization_tables(*analysis_);
    analysis::add_decision_tables(*analysis_);
    analysis::add_limited_tables(*analysis_);
    findings::add_verdicts(*analysis_);
  }
  const analysis::Comparison& comparison() const { return comparison_; }
  const analysis::Figures& figures() const { return analysis_->figures; }
  const analysis::ComparisonResults& results() const { return analysis_->results; }
  const analysis::OverSeeds* find(const std::string& topic, const std::string& key, const std::string& a,
                                  const std::string& b = "", const analysis::NoiseLevel& noise = {}) const {
    const analysis::Record* record = analysis_->records.find(topic, key, noise, a, b);
    return record == nullptr ? nullptr : &record->found;
  }

 private:
  std::vector<analysis::Cell> cells_;
  analysis::Comparison comparison_;
  std::unique_ptr<analysis::Analysis> analysis_;
};

// maxpool loses .4 of its positives' logit with each halving of the training set, avgpool nothing.
Planted shrinking() {
  Planted planted;
  planted.sizes = {settings::kAllTrainImages, 100, 50, 25};
  planted.lift = [](const std::string& variant, double size) {
    const double images = std::min(size, 300.0);
    return variant == "maxpool" ? 0.4 * std::log2(images / 300) : 0;
  };
  return planted;
}

TEST(Limited, SlopeIsThatOfLeastSquaresOverTheImagesLogarithm) {
  const Curves curves(shrinking());
  const analysis::OverSeeds* found = curves.find("limited", "auc", "maxpool");
  ASSERT_NE(found, nullptr);
  std::map<std::uint64_t, std::vector<std::pair<double, double>>> points;
  for (std::size_t c = 0; c < curves.comparison().cells.size(); ++c) {
    const analysis::Cell& cell = *curves.comparison().cells[c].cell;
    if (cell.variant == "maxpool")
      points[cell.seed].emplace_back(std::log2(static_cast<double>(cell.train.size())),
                                     curves.figures().value(c, "test/auc"));
  }
  ASSERT_EQ(points.size(), found->of_seeds.size());
  std::size_t s = 0;
  for (const auto& [seed, list] : points) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const auto& [a, b] : list) {
      ++n;
      x += a;
      y += b;
      xx += a * a;
      xy += a * b;
    }
    ASSERT_EQ(n, 4);
    EXPECT_NEAR(found->of_seeds[s++], (n * xy - x * y) / (n * xx - x * x), 1e-12);
  }
}

TEST(Limited, FindsAPlantedInteraction) {
  const Curves curves(shrinking());
  const analysis::OverSeeds* found = curves.find("limited", "half/sensitivity", "maxpool", "avgpool");
  ASSERT_NE(found, nullptr);
  EXPECT_GT(found->estimate.low, 0) << "maxpool gains more from each doubling";
  const analysis::OverSeeds* own = curves.find("limited", "half/sensitivity", "avgpool");
  ASSERT_NE(own, nullptr);
  EXPECT_NEAR(own->value(), 0, 0.01);
}

TEST(Limited, TablesAreOfOneSizeEach) {
  const Curves curves(shrinking());
  const double all = curves.find("generalization", "test/auc", "maxpool")->value();
  const double few = curves.find("generalization", "test/auc", "maxpool", "", {"", 0, 25})->value();
  EXPECT_GT(all, few + 0.05);
  EXPECT_EQ(curves.comparison().base_images(), settings::kAllTrainImages);
  const analysis::ResultTable& table = curves.results().table("generalization");
  EXPECT_EQ(table.text(0, "train_images"), "all") << "the most images first";
  EXPECT_THAT(analysis::words_of({"", 0, 25}), testing::HasSubstr("25 training images"));
}

TEST(Limited, OneSizeHasNoSlope) {
  const Curves curves(Planted{});
  EXPECT_EQ(curves.find("limited", "auc", "maxpool"), nullptr);
  EXPECT_TRUE(curves.results().table("limited").rows.empty());
}

TEST(Limited, NetworksThatHaveNotLearntAreMarkedInEveryTable) {
  std::vector<analysis::Cell> cells = planted_cells(Planted{});
  cells.at(1).learning.learnt = false;  // maxpool, seed 1
  const Curves curves(std::move(cells));
  for (const char* name : {"generalization", "decision"}) {
    const analysis::ResultTable &over = curves.results().table(name),
                                &difference = curves.results().table(std::string(name) + "_difference"),
                                &seeds = curves.results().table(std::string(name) + "_seed");
    for (std::size_t r = 0; r < over.rows.size(); ++r)
      EXPECT_EQ(over.number(r, "not_learnt"), over.text(r, "variant") == "maxpool" ? 1 : 0);
    for (std::size_t r = 0; r < difference.rows.size(); ++r) EXPECT_EQ(difference.number(r, "not_learnt"), 1);
    for (std::size_t r = 0; r < seeds.rows.size(); ++r)
      EXPECT_EQ(seeds.number(r, "learnt"),
                seeds.text(r, "variant") == "maxpool" && seeds.number(r, "seed") == 1 ? 0 : 1);
  }
  EXPECT_THAT(curves.results().table("verdicts").text(0, "sentence"), testing::HasSubstr("has not learnt"));
}

}  // namespace
}  // namespace dsx

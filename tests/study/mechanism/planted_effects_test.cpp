// Effects that were planted in what was seen of networks are found, with their size inside the interval, and
// a planted null is not called one; the words' readings follow.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "study/mechanism/image_columns.hpp"
#include "study/mechanism/mechanism_cache.hpp"
#include "study/mechanism/mechanism_text.hpp"
#include "study/mechanism/network_tables.hpp"
#include "study/mechanism/words.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

using testing::HasSubstr;
constexpr double kRemovedByAverage = 0.10, kRemovedByMaximum = 0.02;
constexpr int kPlantedSize = 100;

// avgpool smooths more; maxpool lifts the tail and loses its AUC without the border.
mechanism::CellMechanism planted_mechanism(const analysis::Cell& cell) {
  const bool maximum = cell.variant == "maxpool";
  Random random({cell.seed, maximum ? 1U : 2U});
  const std::size_t images = cell.test.size();
  mechanism::CellMechanism found;
  found.layers = {"pool1"};
  const std::vector<double> missing(images, std::nan(""));
  const auto column = [&](const std::string& name) -> std::vector<double>& {
    return found.columns.try_emplace(name, missing).first->second;
  };
  for (std::size_t i = 0; i < images; i += 3) found.chosen.push_back(i);
  for (const std::size_t i : found.chosen) {
    const double mean = random.uniform(0.5, 1), p99 = mean * random.uniform(4, 5);
    const double high = random.uniform(0.4, 0.5);
    column("layer/pool1/before/mean")[i] = mean;
    column("layer/pool1/before/p99")[i] = p99;
    column("layer/pool1/before/zeros")[i] = 0.3;
    column("layer/pool1/before/high_frequencies")[i] = high / 2;
    column("layer/pool1/every_second/high_frequencies")[i] = high;
    column("layer/pool1/after/mean")[i] = mean * (maximum ? 1.4 : 1);
    column("layer/pool1/after/p99")[i] = p99 * (maximum ? 1.2 : 0.9) * random.uniform(0.98, 1.02);
    column("layer/pool1/after/zeros")[i] = 0.2;
    column("layer/pool1/after/high_frequencies")[i] =
        high - (maximum ? kRemovedByMaximum : kRemovedByAverage) + 0.01 * random.normal();
    for (const char* part : {"logit", "positive", "negative", "bias", "border"})
      column(std::string("logit/") + part)[i] = random.uniform(0.1, 0.9);
    column("windows/border_share")[i] = random.uniform(0.1, 0.3);
    std::vector<float> map(121, 0.1F);
    map[0] = maximum ? 5.F : -5.F;
    found.falls.push_back(map);
  }
  for (const std::string& view : mechanism::views())
    for (std::size_t i = 0; i < images; ++i) {
      const double whole = cell.test.logits[i];
      const bool lost = maximum && view == "border_grey";
      const double noise = view == "noise" ? (maximum ? 0.4 : 0.2) : 0.05;
      column("view/" + view)[i] =
          view == "whole" ? whole : (lost ? 0.1 * whole + random.normal() : whole + noise * random.normal());
    }
  return found;
}

class PlantedEffects : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Planted planted;
    planted.same_draws = true;  // no difference between the variants' own predictions
    cells_ = planted_cells(planted);
    for (auto& cell : cells_) cell.settings.size = kPlantedSize;
    found_.clear();
    for (const auto& cell : cells_) found_.push_back(planted_mechanism(cell));
    analysis::CompareOptions options;
    options.resamples = 400;
    made_ = mechanism::mechanism_of_signals();
    made_.tables.pop_back();  // the words of the signals alone
    mechanism::add_network_tables(cells_, found_, options, made_);
    made_.tables.push_back(mechanism::words_table(made_));
  }
  static const statistics::Estimate& estimate(const char* topic, const std::string& key, const std::string& a,
                                              const std::string& b = "") {
    const analysis::Record* record = made_.records.find(topic, key, {}, a, b);
    if (record == nullptr) throw std::logic_error("no record " + key);
    return record->found.estimate;
  }
  static std::string reading(const std::string& measure, const std::string& a, const std::string& b = "") {
    const auto& words = made_.tables.back();
    for (std::size_t r = 0; r < words.rows.size(); ++r)
      if (words.text(r, "measure").find(measure) == 0 && words.text(r, "variant_a") == a &&
          words.text(r, "variant_b") == b)
        return words.text(r, "reading");
    return "none";
  }
  static std::vector<analysis::Cell> cells_;
  static std::vector<mechanism::CellMechanism> found_;
  static mechanism::Mechanism made_;
};
std::vector<analysis::Cell> PlantedEffects::cells_;
std::vector<mechanism::CellMechanism> PlantedEffects::found_;
mechanism::Mechanism PlantedEffects::made_;

TEST_F(PlantedEffects, AreFoundWithTheirSize) {
  // Ten standard errors: with three seeds (2 degrees of freedom) one draw of a hundred lies beyond, and these
  // are one draw.
  const auto expect = [](const statistics::Estimate& e, double truth) {
    EXPECT_GT(e.se, 0);
    EXPECT_LT(e.se, 0.01);
    EXPECT_NEAR(e.value, truth, 10 * e.se);
    EXPECT_LT(e.low, e.value);
    EXPECT_GT(e.high, e.value);
  };
  expect(estimate(mechanism::kLayersTopic, "pool1/change/high_frequencies", "avgpool"), -kRemovedByAverage);
  expect(estimate(mechanism::kLayersTopic, "pool1/change/high_frequencies", "maxpool", "avgpool"),
         kRemovedByAverage - kRemovedByMaximum);
  expect(estimate(mechanism::kLayersTopic, "pool1/change/p99", "maxpool"), 1.2);
  expect(estimate(mechanism::kLayersTopic, "pool1/change/tail", "maxpool"), 1.2 / 1.4);
  EXPECT_LT(estimate(mechanism::kBorderTopic, "border_grey/auc_change", "maxpool").high, -0.05);
  EXPECT_LT(estimate(mechanism::kBorderTopic, "border_grey/auc_change", "maxpool", "avgpool").high, 0);
}

TEST_F(PlantedEffects, AndANullIsNoEffect) {
  const auto& other = estimate(mechanism::kBorderTopic, "border_other/auc_change", "maxpool", "avgpool");
  EXPECT_LE(other.low, 0);
  EXPECT_GE(other.high, 0);
  EXPECT_EQ(reading("AUC with the border of another", "maxpool", "avgpool"), "cannot tell");
}

TEST_F(PlantedEffects, GiveTheWordsTheirReadings) {
  EXPECT_EQ(reading("share of high frequencies", "avgpool"), "yes");
  EXPECT_EQ(reading("share of high frequencies", "maxpool", "avgpool"), "less");
  EXPECT_EQ(reading("99th percentile, after over before", "avgpool"), "no");
  EXPECT_EQ(reading("99th percentile, after over before", "maxpool"), "yes");
  EXPECT_EQ(reading("99th percentile over mean", "maxpool"), "no");  // the mean rises more
  EXPECT_EQ(reading("AUC with the border greyed", "maxpool"), "yes");
  EXPECT_EQ(reading("change of the logit under small noise", "maxpool", "avgpool"), "less");
  EXPECT_EQ(reading("variance of white noise", "avgpool"), "yes");
  EXPECT_EQ(reading("variance of white noise", "slice"), "no");
  EXPECT_EQ(reading("sum of a bright pixel", "avgpool"), "no");
  EXPECT_EQ(reading("sum of a bright pixel", "maxpool"), "yes");
}

TEST_F(PlantedEffects, StandInTheTerminalsTables) {
  const std::string text = mechanism::mechanism_text(made_);
  EXPECT_THAT(text, HasSubstr("pool1"));
  EXPECT_THAT(text, HasSubstr("smooths spatial activations"));
  EXPECT_THAT(text, HasSubstr("maxpool more than avgpool"));
}

TEST_F(PlantedEffects, MapsAreMeansOverImagesAndSeeds) {
  for (const auto& table : made_.tables) {
    if (table.name != "mechanism_map") continue;
    ASSERT_EQ(table.rows.size(), 2U * 2U * 121U);
    EXPECT_EQ(table.text(0, "variant"), "avgpool");
    EXPECT_NEAR(table.number(0, "logit_fall"), -5, 1e-6);
    EXPECT_NEAR(table.number(0, "evidence_share"), 5 / (5 + 120 * 0.1), 1e-6);
    EXPECT_NEAR(table.number(0, "bottom"), 0.05, 1e-12);
    EXPECT_EQ(table.number(0, "seeds"), 5);
    return;
  }
  FAIL() << "no mechanism_map";
}

TEST_F(PlantedEffects, AreReadBackFromTheCache) {
  const auto folder = std::filesystem::temp_directory_path() / "dsx-mechanism-cache";
  std::filesystem::create_directories(folder);
  analysis::Cell cell = cells_.front();
  cell.folder = folder;
  EXPECT_FALSE(mechanism::read_cache(cell, 100).has_value());
  mechanism::write_cache(cell, 100, found_.front());
  EXPECT_FALSE(mechanism::read_cache(cell, 99).has_value());
  const auto read = mechanism::read_cache(cell, 100);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->layers, found_.front().layers);
  EXPECT_EQ(read->chosen, found_.front().chosen);
  EXPECT_EQ(read->falls, found_.front().falls);
  ASSERT_EQ(read->columns.size(), found_.front().columns.size());
  for (const auto& [name, column] : found_.front().columns)
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (std::isnan(column[i])) {
        EXPECT_TRUE(std::isnan(read->columns.at(name)[i])) << name;
      } else {
        EXPECT_EQ(read->columns.at(name)[i], column[i]) << name;
      }
    }
  std::filesystem::remove_all(folder);
}

TEST(CellsLookedInto, AreTheFirstSeedsOfTheLeastNoise) {
  Planted planted;
  planted.seeds = 4;
  planted.rates = {0, 0.2};
  planted.per_class = 10;
  const auto cells = planted_cells(planted);
  const auto chosen = mechanism::cells_looked_into(cells, 2);
  ASSERT_EQ(chosen.size(), 4U);
  for (const auto& cell : chosen) {
    EXPECT_EQ(cell.noise, 0);
    EXPECT_LE(cell.seed, 2U);
  }
}

TEST(ImageColumns, LeaveOutImagesWithoutAValue) {
  const double missing = std::nan("");
  const mechanism::Column values = {1, missing, 3, 5};
  const std::vector<double> weights = {1, 7, 2, 0};
  double mean = 0;
  analysis::SplitWeights of_splits;
  of_splits[static_cast<std::size_t>(data::Split::test)] = weights;
  mechanism::means_of({values})(of_splits, std::span(&mean, 1));
  EXPECT_NEAR(mean, 7.0 / 3, 1e-12);
  EXPECT_EQ(mechanism::why_no_mean({values}), "");
  EXPECT_NE(mechanism::why_no_mean({{missing, missing}}), "");
  EXPECT_TRUE(std::isnan(mechanism::quotient({1}, {0})[0]));
}

}  // namespace
}  // namespace dsx

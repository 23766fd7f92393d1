// Confident learning against cleanlab (tests/fixtures/confident_learning.json), and what it must refuse.
#include "study/statistics/confident_learning.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace dsx {
namespace {

using Probabilities = std::vector<double>;

nlohmann::json figures() {
  return nlohmann::json::parse(
      std::ifstream(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/confident_learning.json"));
}

void expect_all_near(const Probabilities& found, const Probabilities& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << i;
}

TEST(ConfidentLearning, AgreesWithCleanlab) {
  const nlohmann::json all = figures();
  ASSERT_EQ(all.at("cases").size(), 4U);
  for (const auto& c : all.at("cases")) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    const std::vector<std::uint32_t> given = c.at("given");
    const auto found =
        statistics::confident_learning(c.at("probabilities").get<Probabilities>(), given, c.at("classes"));
    expect_all_near(found.thresholds, c.at("thresholds"), 1e-9);
    EXPECT_EQ(found.counts, c.at("counts").get<std::vector<std::size_t>>());
    // cleanlab rounds the scaled counts to whole images.
    expect_all_near(found.joint, c.at("joint"), 1.0 / static_cast<double>(given.size()));
    EXPECT_EQ(found.issues, c.at("issues").get<std::vector<std::size_t>>());
    expect_all_near(found.self_confidence, c.at("self_confidence"), 1e-9);
    expect_all_near(found.normalized_margin, c.at("normalized_margin"), 1e-9);
  }
}

TEST(ConfidentLearning, FindsAPlantedWrongLabelFirst) {
  const Probabilities p = {0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.2, 0.8, 0.97, 0.03};
  const std::vector<std::uint32_t> given = {0, 0, 1, 1, 1};
  const statistics::ConfidentLearning found = statistics::confident_learning(p, given, 2);
  EXPECT_EQ(found.issues, std::vector<std::size_t>{4});
  const std::vector<std::size_t> ranking = statistics::ranked_by_self_confidence(found);
  EXPECT_EQ(ranking.front(), 4U);
  EXPECT_EQ(statistics::hits_among_first(ranking, std::vector<std::uint8_t>{0, 0, 0, 1, 1}, 2), 1U);
  EXPECT_EQ(statistics::hits_among_first(ranking, std::vector<std::uint8_t>{0, 0, 0, 1, 1}, 99), 2U);
}

TEST(ConfidentLearning, RefusesWhatAreNoProbabilities) {
  const std::vector<std::uint32_t> given = {0, 1};
  EXPECT_THROW(statistics::confident_learning(Probabilities{0.5, 0.5}, given, 2), std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{0.5, 0.6, 0.5, 0.5}, given, 2),
               std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{1.5, -0.5, 0.5, 0.5}, given, 2),
               std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{std::nan(""), 1, 0.5, 0.5}, given, 2),
               std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{1, 0, 1, 0}, std::vector<std::uint32_t>{0, 0}, 2),
               std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{1, 0, 1, 0}, std::vector<std::uint32_t>{0, 2}, 2),
               std::invalid_argument);
  EXPECT_THROW(statistics::confident_learning(Probabilities{}, std::vector<std::uint32_t>{}, 2),
               std::invalid_argument);
}

}  // namespace
}  // namespace dsx

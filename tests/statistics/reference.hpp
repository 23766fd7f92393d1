// The figures of tests/fixtures/statistics_reference.py (SciPy, scikit-learn, statsmodels) and how to compare
// with them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx_test {

inline constexpr double kAgreement = 1e-6;

inline const nlohmann::json& reference() {
  static const auto figures = nlohmann::json::parse(
      std::ifstream(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/statistics.json"));
  return figures;
}

// One data set of the fixture: two classifiers' logits, labels, subjects.
struct Case {
  std::string name;
  std::vector<double> a, b;
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subject;
  const nlohmann::json* expected;
};

inline std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& c : reference().at("cases"))
    all.push_back({c.at("name"), c.at("a"), c.at("b"), c.at("positive"), c.at("subject"), &c});
  return all;
}

inline void expect_interval(const dsx::statistics::Estimate& e, const nlohmann::json& low_high,
                            double tolerance = kAgreement) {
  EXPECT_TRUE(e.estimable()) << e.not_estimable;
  EXPECT_NEAR(e.low, low_high.at(0).get<double>(), tolerance);
  EXPECT_NEAR(e.high, low_high.at(1).get<double>(), tolerance);
}

// {value, se, interval, p}, those that the fixture has.
inline void expect_estimate(const dsx::statistics::Estimate& e, const nlohmann::json& expected) {
  EXPECT_NEAR(e.value, expected.at("value").get<double>(), kAgreement);
  for (const auto& [name, found] : {std::pair("se", e.se), std::pair("p", e.p)}) {
    if (!expected.contains(name)) continue;
    EXPECT_NEAR(found, expected.at(name).get<double>(), kAgreement) << name;
  }
  if (expected.contains("interval")) expect_interval(e, expected.at("interval"));
}

}  // namespace dsx_test

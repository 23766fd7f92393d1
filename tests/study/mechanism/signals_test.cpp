// What operators do to signals: against closed forms, and against NumPy
// (tests/fixtures/mechanism_reference.py).
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "kernels/base/random.hpp"
#include "study/mechanism/activation_map.hpp"
#include "study/mechanism/gratings.hpp"
#include "study/mechanism/probes.hpp"
#include "study/mechanism/signal_tables.hpp"

namespace dsx {
namespace {

using downsample::downsample_op;
using mechanism::Direction;
using mechanism::Grating;

const nlohmann::json& mechanism_reference() {
  static const auto figures = nlohmann::json::parse(
      std::ifstream(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/mechanism.json"));
  return figures;
}

mechanism::SignalFigure figure(const std::vector<mechanism::SignalFigure>& figures, const std::string& probe,
                               const std::string& metric) {
  for (const auto& f : figures)
    if (f.probe == probe && f.metric == metric) return f;
  throw std::logic_error("no figure " + probe + " " + metric);
}

TEST(Gratings, ThroughAveragesArePerfectlyCosines) {
  for (const auto direction : {Direction::horizontal, Direction::diagonal})
    for (const auto& r : mechanism::grating_responses(downsample_op("avgpool"), Grating::level, direction)) {
      const double cosine = std::cos(std::numbers::pi * r.frequency);
      EXPECT_NEAR(r.gain, direction == Direction::horizontal ? cosine : cosine * cosine, 1e-12);
      EXPECT_NEAR(r.low, r.high, 1e-12);  // linear: the phase does not matter
      EXPECT_NEAR(r.mean_ratio, 1, 1e-12);
      EXPECT_NEAR(r.elsewhere, 0, 1e-12);
    }
  for (const auto& r :
       mechanism::grating_responses(downsample_op("blurpool"), Grating::level, Direction::horizontal))
    EXPECT_NEAR(r.gain, std::pow(std::cos(std::numbers::pi * r.frequency), 2), 1e-12);
}

TEST(Gratings, EveryOperatorIsWhatNumPyMakesOfIt) {
  std::size_t compared = 0;
  for (const auto& expected : mechanism_reference().at("gratings")) {
    const auto grating = expected.at("grating") == "level" ? Grating::level : Grating::rectified;
    const auto direction =
        expected.at("direction") == "horizontal" ? Direction::horizontal : Direction::diagonal;
    const std::string name = expected.at("operator");
    for (const auto& r : mechanism::grating_responses(downsample_op(name), grating, direction)) {
      if (r.frequency != expected.at("k").get<double>() / mechanism::kPeriod) continue;
      ++compared;
      EXPECT_NEAR(r.gain, expected.at("gain").get<double>(), 1e-9) << name << " at " << r.frequency;
      EXPECT_NEAR(r.low, expected.at("low").get<double>(), 1e-9) << name << " at " << r.frequency;
      EXPECT_NEAR(r.high, expected.at("high").get<double>(), 1e-9) << name << " at " << r.frequency;
      EXPECT_NEAR(r.variance, expected.at("variance").get<double>(), 1e-9) << name << " at " << r.frequency;
      EXPECT_NEAR(r.elsewhere, expected.at("elsewhere").get<double>(), 1e-9) << name << " at " << r.frequency;
    }
  }
  EXPECT_EQ(compared, mechanism_reference().at("gratings").size());
}

TEST(Gratings, AliasedShareIsTheEnergyAboveAQuarter) {
  double all = 0, above = 0;
  for (int k = 1; k < 32; ++k) {
    if (k == 16) continue;
    const double energy = std::pow(std::cos(std::numbers::pi * k / 64), 2);
    all += energy;
    if (k > 16) above += energy;
  }
  const auto of = [](const char* name) {
    return mechanism::grating_responses(downsample_op(name), Grating::level, Direction::horizontal);
  };
  EXPECT_NEAR(mechanism::aliased_share(of("avgpool"), false), above / all, 1e-12);
  EXPECT_NEAR(mechanism::aliased_share(of("avgpool"), false), 0.5 - 1 / std::numbers::pi,
              0.02);  // the integral
  EXPECT_NEAR(mechanism::aliased_share(of("slice"), false), 0.5, 1e-12);
  // Low frequencies, which cannot alias, weigh more.
  EXPECT_LT(mechanism::aliased_share(of("slice"), true), 0.1);
}

TEST(Noise, VarianceAndLiftAreThoseOfAveragesAndMaxima) {
  const auto of = [](const char* name, const char* probe, const char* metric) {
    return figure(mechanism::noise_figures(downsample_op(name)), probe, metric);
  };
  const auto expect = [&](const char* name, const char* probe, const char* metric, double value) {
    const auto found = of(name, probe, metric);
    EXPECT_GT(found.se, 0);
    // The input is random too: its mean of a million values has an error of .001.
    EXPECT_NEAR(found.value, value, 5 * std::hypot(found.se, 0.0014))
        << name << " " << probe << " " << metric;
    EXPECT_LT(found.se, 0.01);
  };
  const auto& four = mechanism_reference().at("maximum_of_four");
  EXPECT_NEAR(four.at("mean").get<double>(), 1.02938, 1e-5);
  expect("avgpool", "noise on a level", "variance_ratio", 0.25);
  expect("avgpool", "noise on a level", "mean_shift", 0);
  expect("maxpool", "noise on a level", "mean_shift", four.at("mean"));
  expect("maxpool", "noise on a level", "variance_ratio", four.at("variance"));
  expect("maxpool", "rectified noise", "mean_shift", four.at("rectified_shift"));
  expect("maxpool", "rectified noise", "variance_ratio", four.at("rectified_ratio"));
  expect("avgpool", "rectified noise", "variance_ratio", 0.25);
  expect("slice", "noise on a level", "variance_ratio", 1);
  expect("blurpool", "noise on a level", "variance_ratio", 0.375 * 0.375);
  // Strided reads the very pixels that slice reads.
  EXPECT_EQ(of("strided", "noise on a level", "variance_ratio").value,
            of("slice", "noise on a level", "variance_ratio").value);
}

TEST(Spots, OnePixelIsKeptSpreadOrLost) {
  const auto expect = [](const char* name, const char* probe, double peak, double low, double high,
                         double mass) {
    const auto figures = mechanism::spot_figures(downsample_op(name));
    EXPECT_NEAR(figure(figures, probe, "peak").value, peak, 1e-12) << name << " " << probe;
    EXPECT_NEAR(figure(figures, probe, "peak_low").value, low, 1e-12) << name << " " << probe;
    EXPECT_NEAR(figure(figures, probe, "peak_high").value, high, 1e-12) << name << " " << probe;
    EXPECT_NEAR(figure(figures, probe, "mass").value, mass, 1e-12) << name << " " << probe;
  };
  expect("avgpool", "bright spot, 1 px", 0.25, 0.25, 0.25, 1);
  expect("maxpool", "bright spot, 1 px", 1, 1, 1, 4);
  expect("maxpool", "dark spot, 1 px", 0, 0, 0, 0);
  expect("avgpool", "dark spot, 1 px", 0.25, 0.25, 0.25, 1);
  expect("rmspool", "bright spot, 1 px", 0.5, 0.5, 0.5, 2);
  expect("slice", "bright spot, 1 px", 0.25, 0, 1, 1);
  expect("blurpool", "bright spot, 1 px", 0.140625, 0.0625, 0.25, 1);
  // Two by two pixels fill a window in one of four places.
  expect("maxpool", "dark spot, 2 px", 0.25, 0, 1, 0.25);
}

TEST(Shift, ErrorIsWhatNumPyFindsAndNoneWhereNothingAliases) {
  mechanism::Plane field(64, 64);
  for (std::int64_t i = 0; i < 64 * 64; ++i)
    field.values[static_cast<std::size_t>(i)] = static_cast<double>((i * i * 7 + i * 31) % 257 - 100) / 100;
  for (const auto& op : downsample::downsample_table())
    EXPECT_NEAR(mechanism::shift_error(op, field),
                mechanism_reference().at("shift_error").at(op.name).get<double>(), 1e-9)
        << op.name;
  mechanism::Plane smooth(64, 64);
  for (int r = 0; r < 64; ++r)
    for (int c = 0; c < 64; ++c) smooth.at(r, c) = 2 + std::cos(2 * std::numbers::pi * (3 * r + 5 * c) / 64);
  EXPECT_NEAR(mechanism::shift_error(downsample_op("avgpool"), smooth), 0, 1e-12);
  EXPECT_NEAR(mechanism::shift_error(downsample_op("slice"), smooth), 0, 1e-12);
  EXPECT_GT(mechanism::shift_error(downsample_op("maxpool"), smooth), 1e-5);
}

TEST(SignalTables, HaveEveryOperatorOfTheTable) {
  const auto tables = mechanism::signal_tables();
  for (const auto& table : tables) {
    std::set<std::string> operators;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      operators.insert(table.text(r, "variant"));
      if (table.name == "mechanism_signal") {
        EXPECT_TRUE(std::isfinite(table.number(r, "value")));
      }
    }
    EXPECT_EQ(operators.size(), downsample::downsample_table().size()) << table.name;
  }
}

TEST(MapFigures, AreNumPys) {
  std::vector<float> values(3 * 9 * 11);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::max(0.F, static_cast<float>(i * 37 % 101) - 30.F);
  const auto found = mechanism::map_figures(values, 3, 9, 11);
  const auto& expected = mechanism_reference().at("map");
  EXPECT_NEAR(found.mean, expected.at("mean").get<double>(), 1e-9);
  EXPECT_NEAR(found.zeros, expected.at("zeros").get<double>(), 1e-12);
  EXPECT_NEAR(found.p99, expected.at("p99").get<double>(), 1e-5);
  EXPECT_NEAR(found.high_frequencies, expected.at("high_frequencies").get<double>(), 1e-9);
}

TEST(MapFigures, WhiteNoiseIsThreeQuartersHighAndAFlatMapHasNone) {
  std::vector<float> noise(64 * 64);
  Random random({5});
  for (float& value : noise) value = static_cast<float>(random.normal());
  EXPECT_NEAR(mechanism::map_figures(noise, 1, 64, 64).high_frequencies, 0.75, 0.03);
  const auto flat = mechanism::map_figures(std::vector<float>(64 * 64, 2.F), 1, 64, 64);
  EXPECT_TRUE(std::isnan(flat.high_frequencies));
  EXPECT_EQ(flat.p99, 2);
}

}  // namespace
}  // namespace dsx

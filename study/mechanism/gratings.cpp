#include "study/mechanism/gratings.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <span>

#include "study/mechanism/plane.hpp"

namespace dsx::mechanism {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr int kMargin = 8, kRows = 16;  // pixels beyond what is looked at, so that no edge takes part

// 2 |X_k| / n: of a cosine with k periods in the values.
double amplitude_at(std::span<const double> values, int k) {
  std::complex<double> sum = 0;
  const auto n = static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += std::polar(values[i], -kTwoPi * k * static_cast<double>(i) / n);
  return 2 * std::abs(sum) / n;
}

double mean_value(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double variance_of(std::span<const double> values) {
  const double mean = mean_value(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum / static_cast<double>(values.size());
}

Plane grating_plane(Grating grating, Direction direction, int k, double phase) {
  Plane plane(kRows, kPeriod + 2 * kMargin);
  for (int row = 0; row < plane.rows; ++row)
    for (int column = 0; column < plane.columns; ++column) {
      const int place = direction == Direction::horizontal ? column : row + column;
      const double z = std::cos(kTwoPi * k * place / kPeriod + phase);
      plane.at(row, column) = grating == Grating::level ? 1 + z : std::max(z, 0.0);
    }
  return plane;
}

// Output row 4, whole periods of it; every other row is the same one, moved.
std::vector<double> output_row(const downsample::DownsampleOp& op, const Plane& plane) {
  constexpr int kRow = kMargin / 2;
  return downsampled(op, plane, {kRow, kRow + 1, kRow, kRow + kPeriod / 2}).values;
}

GratingResponse response_at(const downsample::DownsampleOp& op, Grating grating, Direction direction, int k) {
  GratingResponse found;
  found.frequency = static_cast<double>(k) / kPeriod;
  found.low = std::numeric_limits<double>::infinity();
  double own_energy = 0;
  for (int p = 0; p < kPhases; ++p) {
    Plane plane = grating_plane(grating, direction, k, kTwoPi * p / kPhases);
    const std::span<const double> input(&plane.at(kMargin, kMargin), kPeriod);
    const std::vector<double> output = output_row(op, plane);
    const double amplitude = amplitude_at(output, k);  // k > 16 folds by itself: the row has 32 values
    const double gain = amplitude / amplitude_at(input, k);
    found.gain += gain / kPhases;
    found.low = std::min(found.low, gain);
    found.high = std::max(found.high, gain);
    found.mean_ratio += mean_value(output) / mean_value(input) / kPhases;
    found.variance += variance_of(output) / kPhases;
    own_energy += amplitude * amplitude / 2 / kPhases;
  }
  found.elsewhere = found.variance > 0 ? std::max(0.0, 1 - own_energy / found.variance) : 0;
  return found;
}

}  // namespace

std::string to_string(Grating grating) { return grating == Grating::level ? "level" : "rectified"; }
std::string to_string(Direction direction) {
  return direction == Direction::horizontal ? "horizontal" : "diagonal";
}

std::vector<GratingResponse> grating_responses(const downsample::DownsampleOp& op, Grating grating,
                                               Direction direction) {
  std::vector<GratingResponse> found;
  for (int k = 1; k < kPeriod / 2; ++k)
    if (k != kPeriod / 4) found.push_back(response_at(op, grating, direction, k));
  return found;
}

double aliased_share(const std::vector<GratingResponse>& responses, bool falling) {
  double all = 0, above = 0;
  for (const GratingResponse& r : responses) {
    const double energy = r.variance / (falling ? r.frequency * r.frequency : 1);
    all += energy;
    if (r.frequency > 0.25) above += energy;
  }
  return above / all;
}

}  // namespace dsx::mechanism

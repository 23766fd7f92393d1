#include "study/mechanism/probes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/base/random.hpp"

namespace dsx::mechanism {
namespace {

constexpr std::uint64_t kNoiseSeed = 11, kFieldSeed = 12;

// Mean and variance of all values with their standard errors, as for independent values: neighbours that
// share pixels make the true error somewhat larger.
struct Moments {
  double mean = 0, variance = 0, mean_se = 0, variance_se = 0;
  explicit Moments(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    for (const double v : values) mean += v / n;
    double fourth = 0;
    for (const double v : values) {
      const double square = (v - mean) * (v - mean);
      variance += square / n;
      fourth += square * square / n;
    }
    mean_se = std::sqrt(variance / n);
    variance_se = std::sqrt(std::max(0.0, fourth - variance * variance) / n);
  }
};

std::vector<SignalFigure> noise_at(const downsample::DownsampleOp& op, const std::string& probe, double level,
                                   bool rectified) {
  constexpr int kSide = 1024;
  Plane plane(kSide, kSide);
  Random random({kNoiseSeed});
  for (double& value : plane.values) {
    value = level + random.normal();
    if (rectified) value = std::max(value, 0.0);
  }
  const Moments in(plane.values), out(downsampled(op, plane, 1).values);
  return {{probe, "variance_ratio", out.variance / in.variance, out.variance_se / in.variance},
          {probe, "mean_shift", out.mean - in.mean, out.mean_se}};
}

using Complex = std::complex<double>;

// The plain sum: 64 values, a few hundred times.
std::vector<Complex> transformed(const std::vector<Complex>& values, double sign) {
  const std::size_t n = values.size();
  std::vector<Complex> turns(n), result(n);
  for (std::size_t i = 0; i < n; ++i)
    turns[i] = std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n));
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = 0; i < n; ++i) result[k] += values[i] * turns[i * k % n];
  return result;
}

constexpr int kField = 64, kAround = 8;

// A random field that repeats after kField pixels, amplitude falling as 1 / f, of mean 0 and variance 1.
Plane random_field(std::uint64_t index) {
  Random random({kFieldSeed, index});
  std::vector<std::vector<Complex>> rows(kField, std::vector<Complex>(kField));
  for (auto& row : rows)
    for (Complex& value : row) value = random.normal();
  const auto turned = [&](double sign) {
    for (auto& row : rows) row = transformed(row, sign);
    for (int c = 0; c < kField; ++c) {
      std::vector<Complex> column(kField);
      for (int r = 0; r < kField; ++r) column[static_cast<std::size_t>(r)] = rows[r][c];
      column = transformed(column, sign);
      for (int r = 0; r < kField; ++r) rows[r][c] = column[static_cast<std::size_t>(r)];
    }
  };
  turned(-1);
  for (int r = 0; r < kField; ++r)
    for (int c = 0; c < kField; ++c) {
      const double f = std::hypot(std::min(r, kField - r), std::min(c, kField - c));
      rows[r][c] = f > 0 ? rows[r][c] / f : 0;
    }
  turned(1);
  double squares = 0;
  for (const auto& row : rows)
    for (const Complex& value : row) squares += value.real() * value.real();
  const double sd = std::sqrt(squares) / kField;
  Plane plane(kField, kField);
  for (int r = 0; r < kField; ++r)
    for (int c = 0; c < kField; ++c) plane.at(r, c) = rows[r][c].real() / sd;
  return plane;
}

// One period of the output, of the field behind ReLU, moved left by `shift` pixels.
Plane output_of_field(const downsample::DownsampleOp& op, const Plane& field, int shift) {
  const int period = field.rows;
  Plane around(period + 2 * kAround, period + 2 * kAround);
  for (int r = 0; r < around.rows; ++r)
    for (int c = 0; c < around.columns; ++c)
      around.at(r, c) =
          std::max(0.0, field.at((r + period - kAround) % period, (c + period - kAround + shift) % period));
  return downsampled(op, around, kAround / 2);
}

// A row moved left by half a pixel, as its Fourier components say. The fastest one has no phase and is lost.
std::vector<double> half_a_pixel_left(const double* row, int n) {
  std::vector<Complex> values(row, row + n);
  std::vector<Complex> parts = transformed(values, -1);
  for (int k = 0; k < n; ++k) {
    const int signed_k = k <= n / 2 ? k : k - n;
    parts[static_cast<std::size_t>(k)] *= 2 * k == n ? 0.0 : std::polar(1.0, std::numbers::pi * signed_k / n);
  }
  std::vector<double> moved;
  for (const Complex& value : transformed(parts, 1)) moved.push_back(value.real() / n);
  return moved;
}

std::vector<SignalFigure> spot_of(const downsample::DownsampleOp& op, int size, bool bright) {
  constexpr int kSide = 32, kFirst = 12;
  const double background = bright ? 0 : 1;
  double mass = 0, peak = 0, low = 1, high = 0;
  for (int place = 0; place < 4; ++place) {
    Plane plane(kSide, kSide);
    std::fill(plane.values.begin(), plane.values.end(), background);
    for (int r = 0; r < size; ++r)
      for (int c = 0; c < size; ++c)
        plane.at(kFirst + place / 2 + r, kFirst + place % 2 + c) = 1 - background;
    double sum = 0, most = 0;
    for (const double v : downsampled(op, plane, 2).values) {
      sum += std::abs(v - background);
      most = std::max(most, std::abs(v - background));
    }
    mass += 4 * sum / (size * size) / 4;
    peak += most / 4;
    low = std::min(low, most);
    high = std::max(high, most);
  }
  const std::string probe = fmt::format("{} spot, {} px", bright ? "bright" : "dark", size);
  return {{probe, "peak", peak}, {probe, "peak_low", low}, {probe, "peak_high", high}, {probe, "mass", mass}};
}

}  // namespace

double shift_error(const downsample::DownsampleOp& op, const Plane& field) {
  const Plane in_place = output_of_field(op, field, 0), moved = output_of_field(op, field, 1);
  double error = 0;
  for (int r = 0; r < in_place.rows; ++r) {
    const std::vector<double> expected = half_a_pixel_left(
        &in_place.values[static_cast<std::size_t>(r) * static_cast<std::size_t>(in_place.columns)],
        in_place.columns);
    for (int c = 0; c < in_place.columns; ++c) {
      const double difference = moved.at(r, c) - expected[static_cast<std::size_t>(c)];
      error += difference * difference;
    }
  }
  return error / static_cast<double>(in_place.values.size()) / Moments(in_place.values).variance;
}

std::vector<SignalFigure> noise_figures(const downsample::DownsampleOp& op) {
  std::vector<SignalFigure> found = noise_at(op, "noise on a level", 8, false);
  for (const SignalFigure& figure : noise_at(op, "rectified noise", 0, true)) found.push_back(figure);
  return found;
}

std::vector<SignalFigure> spot_figures(const downsample::DownsampleOp& op) {
  std::vector<SignalFigure> found;
  for (const bool bright : {true, false})
    for (const int size : {1, 2, 3, 5})
      for (const SignalFigure& figure : spot_of(op, size, bright)) found.push_back(figure);
  return found;
}

std::vector<SignalFigure> shift_figures(const downsample::DownsampleOp& op) {
  constexpr std::uint64_t kFields = 8;
  static const std::vector<Plane> fields = [] {
    std::vector<Plane> made;
    for (std::uint64_t i = 0; i < kFields; ++i) made.push_back(random_field(i));
    return made;
  }();
  std::vector<double> errors;
  for (const Plane& field : fields) errors.push_back(shift_error(op, field));
  const Moments moments(errors);
  return {{"shift by 1 px", "error", moments.mean, moments.mean_se * std::sqrt(kFields / (kFields - 1.0))}};
}

}  // namespace dsx::mechanism

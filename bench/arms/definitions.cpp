#include "bench/arms/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "kernels/base/error.hpp"

namespace dsx::bench {

namespace {

bool inside(int h, int w, int rows, int columns) { return h >= 0 && h < rows && w >= 0 && w < columns; }

double identity(const Pixel& x, int i, int j, int, int) { return x(i, j); }

double average(const Pixel& x, int i, int j, int, int) {
  return (x(2 * i, 2 * j) + x(2 * i, 2 * j + 1) + x(2 * i + 1, 2 * j) + x(2 * i + 1, 2 * j + 1)) / 4;
}

double maximum(const Pixel& x, int i, int j, int, int) {
  return std::max({x(2 * i, 2 * j), x(2 * i, 2 * j + 1), x(2 * i + 1, 2 * j), x(2 * i + 1, 2 * j + 1)});
}

double every_second(const Pixel& x, int i, int j, int, int) { return x(2 * i, 2 * j); }

// [1 2 1] x [1 2 1] / 16 with stride 2; one zero row above and one zero column to the left
// (kernels/downsample/blur.hpp).
double blur(const Pixel& x, int i, int j, int rows, int columns) {
  constexpr double kRow[3] = {0.25, 0.5, 0.25};
  double sum = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const int h = 2 * i - 1 + a, w = 2 * j - 1 + b;
      if (inside(h, w, rows, columns)) sum += kRow[a] * kRow[b] * x(h, w);
    }
  }
  return sum;
}

double max_then_blur(const Pixel& x, int i, int j, int rows, int columns) {
  const Pixel max = [&](int h, int w) {
    return std::max({x(h, w), x(h, w + 1), x(h + 1, w), x(h + 1, w + 1)});
  };
  return blur(max, i, j, rows - 1, columns - 1);
}

double pooled(const OwnPool& pool, const Pixel& x, int i, int j, int rows, int columns) {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  int count = 0;
  for (int a = 0; a < pool.window; ++a) {
    for (int b = 0; b < pool.window; ++b) {
      const int h = i * pool.stride - pool.padding + a, w = j * pool.stride - pool.padding + b;
      if (!inside(h, w, rows, columns)) continue;
      const double value = x(h, w);
      max = std::max(max, value);
      sum += value;
      ++count;
    }
  }
  return pool.kind == kernels::PoolKind::max ? max : sum / count;
}

}  // namespace

Definition definition_of(const std::string& op, const Geometry& geometry) {
  // strided acts in the convolution; nothing follows it.
  static const std::map<std::string, Definition> definitions{
      {"none", identity},      {"strided", identity}, {"avgpool", average},           {"maxpool", maximum},
      {"slice", every_second}, {"blurpool", blur},    {"maxblurpool", max_then_blur},
  };
  if (geometry.own && op == geometry.own->name()) {
    return [pool = *geometry.own](const Pixel& x, int i, int j, int rows, int columns) {
      return pooled(pool, x, i, j, rows, columns);
    };
  }
  const auto found = definitions.find(op);
  if (found == definitions.end()) {
    throw UnsupportedError(
        fmt::format("operator '{}' has no formula in bench/arms/definitions.cpp to check its result against: "
                    "add it there",
                    op));
  }
  return found->second;
}

}  // namespace dsx::bench

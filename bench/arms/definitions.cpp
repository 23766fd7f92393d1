#include "bench/arms/definitions.hpp"

#include <algorithm>
#include <limits>

namespace dsx::bench {

namespace {

bool inside(int h, int w, int rows, int columns) { return h >= 0 && h < rows && w >= 0 && w < columns; }

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
  if (op == kNoOperator) return [](const Pixel& x, int i, int j, int, int) { return x(i, j); };
  if (geometry.own && op == geometry.own->name()) {
    return [pool = *geometry.own](const Pixel& x, int i, int j, int rows, int columns) {
      return pooled(pool, x, i, j, rows, columns);
    };
  }
  return downsample::downsample_op(op).definition;
}

}  // namespace dsx::bench

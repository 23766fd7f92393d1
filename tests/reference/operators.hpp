// The table's operators over whole arrays, from the definitions that they bring: what kernels are checked
// against. That the definitions are right is kernels/downsample_definitions_test.cpp's business.
#pragma once

#include "kernels/downsample/downsample.hpp"
#include "tests/reference/reference.hpp"

namespace dsx::reference {

// One that works through its convolution leaves its source as it is.
inline Array downsampled(const dsx::downsample::DownsampleOp& op, const Array& x) {
  const int halving = op.acts_in_convolution() ? 1 : 2;
  Array y(x.n, x.c, x.h / halving, x.w / halving);
  for (int n = 0; n < y.n; ++n)
    for (int c = 0; c < y.c; ++c)
      for (int i = 0; i < y.h; ++i)
        for (int j = 0; j < y.w; ++j)
          y(n, c, i, j) = op.definition([&](int h, int w) { return x(n, c, h, w); }, i, j, x.h, x.w);
  return y;
}
inline Array downsampled(const std::string& op, const Array& x) {
  return downsampled(dsx::downsample::downsample_op(op), x);
}

inline Array downsample_backward(const dsx::downsample::DownsampleOp& op, const Array& x, const Array& dy) {
  Array dx(x.n, x.c, x.h, x.w);
  for (int n = 0; n < dy.n; ++n)
    for (int c = 0; c < dy.c; ++c)
      for (int i = 0; i < dy.h; ++i)
        for (int j = 0; j < dy.w; ++j)
          op.derivative([&](int h, int w) { return x(n, c, h, w); }, i, j, x.h, x.w,
                        [&](int h, int w, double slope) { dx(n, c, h, w) += slope * dy(n, c, i, j); });
  return dx;
}

// Float32 arithmetic against the definition: exactly, or to the operator's roundings.
inline double tolerance(const dsx::downsample::DownsampleOp& op, double magnitude) {
  return op.roundings * 0x1p-24 * magnitude;
}

inline std::vector<std::string> operator_names(bool (*chosen)(const dsx::downsample::DownsampleOp&)) {
  std::vector<std::string> names;
  for (const auto& op : dsx::downsample::downsample_table())
    if (chosen(op)) names.push_back(op.name);
  return names;
}
inline std::vector<std::string> operator_names() {
  return operator_names([](const dsx::downsample::DownsampleOp&) { return true; });
}

}  // namespace dsx::reference

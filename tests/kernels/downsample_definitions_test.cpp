// The definitions that operators bring, which every other test of them relies on: against formulas written
// here once more, against values worked out by hand, and their slopes against difference quotients.
#include <gmock/gmock.h>

#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

Array written_again(const std::string& op, const Array& x) {
  const int oh = x.h / 2, ow = x.w / 2;
  if (op == "avgpool") return pool(x, Pool::avg_exclude, 2, 2, 0, oh, ow);
  if (op == "maxpool") return pool(x, Pool::max, 2, 2, 0, oh, ow);
  if (op == "slice") return pool(x, Pool::max, 1, 2, 0, oh, ow);
  const auto blur = [](const Array& y, int rows, int columns) {
    const Array filter = array_of({1, 1, 3, 3}, {1, 2, 1, 2, 4, 2, 1, 2, 1});
    Array blurred(y.n, y.c, rows, columns);
    for (int n = 0; n < y.n; ++n)
      for (int c = 0; c < y.c; ++c) {
        Array plane(1, 1, y.h, y.w);
        for (int h = 0; h < y.h; ++h)
          for (int w = 0; w < y.w; ++w) plane(0, 0, h, w) = y(n, c, h, w) / 16;
        const Array sums = conv(plane, filter, {}, 2, 1, rows, columns);
        for (int i = 0; i < rows; ++i)
          for (int j = 0; j < columns; ++j) blurred(n, c, i, j) = sums(0, 0, i, j);
      }
    return blurred;
  };
  if (op == "blurpool") return blur(x, oh, ow);
  if (op == "maxblurpool") return blur(pool(x, Pool::max, 2, 1, 0, x.h - 1, x.w - 1), oh, ow);
  return x;
}

class Definitions : public testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(Definitions, AreTheFormulasWrittenOnceMore) {
  const auto& [op, size] = GetParam();
  const auto x = array_of({2, 3, size, size}, distinct(6 * static_cast<std::size_t>(size) * size, 1));
  expect_equal(downsampled(op, x).v, written_again(op, x).v, op);
}

INSTANTIATE_TEST_SUITE_P(StudyAndControls, Definitions,
                         testing::Combine(testing::Values("avgpool", "maxpool", "strided", "slice",
                                                          "blurpool", "maxblurpool"),
                                          testing::Values(12, 13)),
                         [](const auto& tested) {
                           return std::string(std::get<0>(tested.param)) + "_" +
                                  std::to_string(std::get<1>(tested.param));
                         });

class Slopes : public testing::TestWithParam<std::string> {};

TEST_P(Slopes, AreThoseOfTheDefinition) {
  const auto& op = downsample::downsample_op(GetParam());
  const auto x = array_of({1, 2, 9, 8}, distinct(144, 1));
  auto dy = downsampled(op, x);
  dy.v = integers(dy.v.size(), 3);
  const auto dx = downsample_backward(op, x, dy);
  constexpr double kStep = 1e-3;  // far below the gaps between values
  for (std::size_t i = 0; i < x.v.size(); ++i) {
    auto more = x, less = x;
    more.v[i] += kStep;
    less.v[i] -= kStep;
    const auto after = downsampled(op, more).v, before = downsampled(op, less).v;
    double quotient = 0;
    for (std::size_t j = 0; j < dy.v.size(); ++j) quotient += dy.v[j] * (after[j] - before[j]) / (2 * kStep);
    ASSERT_NEAR(dx.v[i], quotient, 1e-6) << op.name << " at " << i;
  }
}

// Dead pixels are what a ReLU leaves: an operator without a finite slope there could not be trained.
TEST_P(Slopes, AreFiniteWhereAllIsZero) {
  const auto& op = downsample::downsample_op(GetParam());
  const Array x(1, 1, 6, 6);
  auto dy = downsampled(op, x);
  std::fill(dy.v.begin(), dy.v.end(), 1.0);
  for (const double slope : downsample_backward(op, x, dy).v) ASSERT_TRUE(std::isfinite(slope)) << op.name;
}

INSTANTIATE_TEST_SUITE_P(Table, Slopes, testing::ValuesIn(operator_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace dsx

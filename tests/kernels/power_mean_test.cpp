// Power means of windows of 2x2 against pow() in double precision, in every layout.
#include "kernels/downsample/power_mean.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/base/error.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

std::vector<double> run_mean(const downsample::DownsampleOp& op, const Array& src, kernels::Layout layout) {
  const auto context = test_context(layout);
  const dnnl::memory::dims dims{src.n, src.c, src.h, src.w};
  const auto chain = op.build(context, "pool1", concrete_md(dims, layout), false);
  kernels::Arguments workspace;
  return run_kernel(context, chain.at(0).forward, {{DNNL_ARG_SRC, src.v}}, &workspace).at(DNNL_ARG_DST);
}

const downsample::PowerMean& mean_of(const std::string& power) {
  for (const auto& mean : downsample::power_means())
    if (mean.power == power) return mean;
  throw std::logic_error("no power " + power);
}

TEST(PowerMean, GoesFromAverageToMaximum) {
  std::vector<std::string> names;
  for (const auto& mean : downsample::power_means()) names.push_back(mean.op->name);
  EXPECT_THAT(names, testing::ElementsAre("avgpool", "rmspool", "powermean4", "powermean8", "maxpool"));
  for (const auto& op : downsample::downsample_table())
    EXPECT_THAT(op.name, testing::Not(testing::HasSubstr("power")));
}

TEST(PowerMean, EqualsPowInEveryLayout) {
  for (const int side : {12, 13})
    for (const auto layout : all_layouts()) {
      const auto src = relu(array_of({2, 6, side, side}, distinct(12 * side * side, 1)));
      for (const char* power : {"4", "8"}) {
        const auto& mean = mean_of(power);
        const auto found = run_mean(*mean.op, src, layout);
        ASSERT_EQ(found.size(), static_cast<std::size_t>(12 * (side / 2) * (side / 2)));
        std::size_t at = 0;
        for (int plane = 0; plane < 12; ++plane)
          for (int i = 0; i < side / 2; ++i)
            for (int j = 0; j < side / 2; ++j, ++at) {
              double sum = 0;
              for (int k = 0; k < 4; ++k)
                sum += std::pow(
                    src.v[static_cast<std::size_t>((plane * side + 2 * i + k / 2) * side + 2 * j + k % 2)],
                    mean.p);
              const double expected = std::pow(sum / 4, 1 / mean.p);
              ASSERT_NEAR(found[at], expected, 1e-6 * expected) << power << " " << kernels::to_string(layout);
            }
      }
    }
}

// The eighth power of neither is a float.
TEST(PowerMean, KeepsTheLargestAndTheSmallestValues) {
  for (const double x : {1e-30, 1e30}) {
    const auto src = array_of({1, 1, 2, 2}, {x, 0, x, 0});
    const auto found = run_mean(*mean_of("8").op, src, kernels::Layout::nchw);
    EXPECT_NEAR(found.at(0) / x, std::pow(0.5, 1 / 8.0), 1e-6);
  }
}

TEST(PowerMean, GrowsWithItsPower) {
  const auto src = relu(array_of({1, 6, 12, 12}, distinct(6 * 144, 3)));
  std::vector<double> before;
  for (const auto& mean : downsample::power_means()) {
    const auto now = run_mean(*mean.op, src, kernels::Layout::nhwc);
    for (std::size_t i = 0; i < before.size(); ++i) ASSERT_GE(now[i], before[i] * (1 - 1e-6)) << mean.power;
    before = now;
  }
}

TEST(PowerMean, IsNotTrained) {
  const auto context = test_context(kernels::Layout::nhwc);
  EXPECT_THROW(
      mean_of("4").op->build(context, "pool1", concrete_md({1, 6, 12, 12}, kernels::Layout::nhwc), true),
      UnsupportedError);
}

}  // namespace
}  // namespace dsx

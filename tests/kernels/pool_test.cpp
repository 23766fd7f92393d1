// Pooling against its definition in every layout and direction. Max must be exact; averages of 2x2 integers
// are exact too.
#include "kernels/onednn/pool.hpp"

#include "kernels/base/error.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

struct PoolCase {
  kernels::PoolKind kind;
  reference::Pool expected;
  int kernel, stride, padding;
  const char* name;
};
void PrintTo(const PoolCase& c, std::ostream* out) { *out << c.name; }

class PoolTest : public testing::TestWithParam<std::tuple<kernels::Layout, PoolCase, int>> {};

TEST_P(PoolTest, ForwardAndBackwardEqualDefinition) {
  const auto& [layout, c, channels] = GetParam();
  const auto context = test_context(layout);
  const auto shape = kernels::pool_shape({2, channels, 12, 10}, c.kernel, c.stride, c.padding);
  const auto src = array_of(shape.src, distinct(2 * channels * 120, 1));
  const auto src_md = concrete_md(shape.src, layout);
  const auto want_dst = kernels::activation_md(shape.dst, dnnl::memory::data_type::f32, layout);
  const auto expected = pool(src, c.expected, c.kernel, c.stride, c.padding, static_cast<int>(shape.dst[2]),
                             static_cast<int>(shape.dst[3]));
  // Averages of 9 are rounded: two float32 epsilons at the largest value, 60 per channel and image.
  const double tolerance = c.kind == kernels::PoolKind::max ? 0 : 2 * 0x1p-23 * 120 * channels;

  const auto inference =
      kernels::pool_forward(context, "pool", c.kind, shape, kernels::Pass::inference, src_md, want_dst);
  EXPECT_EQ(inference.arguments.count(DNNL_ARG_WORKSPACE), 0u) << "inference must not keep a workspace";
  expect_near(run_kernel(context, inference, {{DNNL_ARG_SRC, src.v}}).at(DNNL_ARG_DST), expected.v, tolerance,
              inference.impl);

  const auto training =
      kernels::pool_forward(context, "pool", c.kind, shape, kernels::Pass::training, src_md, want_dst);
  EXPECT_EQ(training.arguments.count(DNNL_ARG_WORKSPACE), c.kind == kernels::PoolKind::max ? 1u : 0u);
  kernels::Arguments workspace;
  expect_near(run_kernel(context, training, {{DNNL_ARG_SRC, src.v}}, &workspace).at(DNNL_ARG_DST), expected.v,
              tolerance, training.impl);

  const auto dy = array_of(shape.dst, integers(expected.v.size(), 2));
  const auto backward =
      kernels::pool_backward(context, "pool", c.kind, shape, src_md, training.arguments.at(DNNL_ARG_DST));
  const auto dx =
      run_kernel(context, backward, {{DNNL_ARG_DIFF_DST, dy.v}}, &workspace).at(DNNL_ARG_DIFF_SRC);
  expect_near(dx, pool_backward(src, dy, c.expected, c.kernel, c.stride, c.padding).v, tolerance,
              backward.impl);
}

const std::vector<PoolCase> kPoolCases{
    {kernels::PoolKind::max, reference::Pool::max, 2, 2, 0, "max2s2"},
    {kernels::PoolKind::max, reference::Pool::max, 2, 1, 0, "max2s1"},
    {kernels::PoolKind::max, reference::Pool::max, 3, 2, 1, "max3s2p1"},
    {kernels::PoolKind::avg_exclude_padding, reference::Pool::avg_exclude, 2, 2, 0, "avg2s2"},
    {kernels::PoolKind::avg_exclude_padding, reference::Pool::avg_exclude, 3, 2, 1, "avg3s2p1_exclude"},
    {kernels::PoolKind::avg_include_padding, reference::Pool::avg_include, 3, 2, 1, "avg3s2p1_include"},
};

INSTANTIATE_TEST_SUITE_P(AllLayouts, PoolTest,
                         testing::Combine(testing::ValuesIn(all_layouts()), testing::ValuesIn(kPoolCases),
                                          testing::Values(1, 6, 16)),
                         [](const auto& tested) {
                           return kernels::to_string(std::get<0>(tested.param)) + "_" +
                                  std::get<1>(tested.param).name + "_c" +
                                  std::to_string(std::get<2>(tested.param));
                         });

TEST(AvgPool, ExcludesPaddingFromDivisor) {
  const auto context = test_context(kernels::Layout::nchw);
  const auto shape = kernels::pool_shape({1, 1, 2, 2}, 3, 2, 1);
  const auto md = concrete_md(shape.src, kernels::Layout::nchw),
             dst = concrete_md(shape.dst, kernels::Layout::nchw);
  const Values ones{{DNNL_ARG_SRC, {1, 1, 1, 1}}};
  const auto exclude = kernels::pool_forward(context, "pool", kernels::PoolKind::avg_exclude_padding, shape,
                                             kernels::Pass::inference, md, dst);
  const auto include = kernels::pool_forward(context, "pool", kernels::PoolKind::avg_include_padding, shape,
                                             kernels::Pass::inference, md, dst);
  EXPECT_FLOAT_EQ(static_cast<float>(run_kernel(context, exclude, ones).at(DNNL_ARG_DST)[0]), 1.f);
  EXPECT_FLOAT_EQ(static_cast<float>(run_kernel(context, include, ones).at(DNNL_ARG_DST)[0]), 4.f / 9);
}

TEST(MaxPool, SendsTheGradientOfEqualPixelsToExactlyOne) {
  const auto context = test_context(kernels::Layout::nhwc);
  const auto shape = kernels::pool_shape({1, 6, 4, 4}, 2, 2, 0);
  const auto md = concrete_md(shape.src, kernels::Layout::nhwc),
             dst = concrete_md(shape.dst, kernels::Layout::nhwc);
  kernels::Arguments workspace;
  const auto forward =
      kernels::pool_forward(context, "pool", kernels::PoolKind::max, shape, kernels::Pass::training, md, dst);
  run_kernel(context, forward, {{DNNL_ARG_SRC, std::vector<double>(96, 2)}}, &workspace);
  const auto backward = kernels::pool_backward(context, "pool", kernels::PoolKind::max, shape, md, dst);
  const auto dx = run_kernel(context, backward, {{DNNL_ARG_DIFF_DST, std::vector<double>(24, 1)}}, &workspace)
                      .at(DNNL_ARG_DIFF_SRC);
  double sum = 0;
  for (const auto value : dx) {
    EXPECT_TRUE(value == 0 || value == 1);
    sum += value;
  }
  EXPECT_EQ(sum, 24);
}

TEST(AdaptivePool, GlobalAverageIsTheMeanOfEachChannel) {
  for (const auto layout : all_layouts()) {
    const auto context = test_context(layout);
    const auto shape = kernels::adaptive_pool_shape({2, 3, 6, 4}, 1);
    const auto src = array_of(shape.src, integers(144, 5));
    const auto kernel =
        kernels::pool_forward(context, "gap", kernels::PoolKind::avg_exclude_padding, shape,
                              kernels::Pass::inference, concrete_md(shape.src, layout),
                              kernels::activation_md(shape.dst, dnnl::memory::data_type::f32, layout));
    const auto out = run_kernel(context, kernel, {{DNNL_ARG_SRC, src.v}}).at(DNNL_ARG_DST);
    for (int i = 0; i < 6; ++i) {
      double mean = 0;
      for (int j = 0; j < 24; ++j) mean += src.v[i * 24 + j] / 24;
      EXPECT_NEAR(out[i], mean, 1e-6);
    }
  }
}

TEST(AdaptivePool, RefusesSizesThatDoNotDivide) {
  EXPECT_THROW(kernels::adaptive_pool_shape({1, 1, 7, 7}, 2), ConfigError);
  EXPECT_THROW(kernels::adaptive_pool_shape({1, 1, 7, 7}, 0), ConfigError);
}

TEST(PoolShape, RefusesWindowsThatDoNotFit) {
  EXPECT_THROW(kernels::pool_shape({1, 1, 2, 2}, 3, 2, 0), ConfigError);
  EXPECT_THROW(kernels::pool_shape({1, 1, 8, 8}, 2, 2, 2), ConfigError);
}

}  // namespace
}  // namespace dsx

// Inner product, ReLU, batch normalization, the loss and reorders against their definitions.
#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "kernels/onednn/batch_norm.hpp"
#include "kernels/onednn/bce_loss.hpp"
#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/relu.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

class AllLayouts : public testing::TestWithParam<kernels::Layout> {
 protected:
  kernels::Context context_ = test_context(GetParam());
};
using InnerProduct = AllLayouts;
using Relu = AllLayouts;
using BatchNorm = AllLayouts;
using Reorder = AllLayouts;
const auto kName = [](const auto& tested) { return kernels::to_string(tested.param); };
INSTANTIATE_TEST_SUITE_P(Each, InnerProduct, testing::ValuesIn(all_layouts()), kName);
INSTANTIATE_TEST_SUITE_P(Each, Relu, testing::ValuesIn(all_layouts()), kName);
INSTANTIATE_TEST_SUITE_P(Each, BatchNorm, testing::ValuesIn(all_layouts()), kName);
INSTANTIATE_TEST_SUITE_P(Each, Reorder, testing::ValuesIn(all_layouts()), kName);

TEST_P(InnerProduct, ReadsFourDimensionalSourcesInChannelMajorOrder) {
  const auto shape = kernels::inner_product_shape({3, 16, 5, 7}, 10);
  const auto src = array_of(shape.src, integers(3 * 560, 1));
  const auto weights = integers(10 * 560, 2), bias = integers(10, 3);
  const auto src_md = concrete_md(shape.src, GetParam());
  const auto forward = kernels::inner_product_forward(
      context_, "fc1", shape, {kernels::Pass::training, true, false}, src_md, dnnl::memory::data_type::f32);
  const auto out = run_kernel(context_, forward,
                              {{DNNL_ARG_SRC, src.v}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}});
  expect_equal(out.at(DNNL_ARG_DST), linear(src, weights, bias, 10).v, forward.impl);
}

TEST_P(InnerProduct, GradientsEqualDefinition) {
  const auto shape = kernels::inner_product_shape({3, 16, 5, 7}, 10);
  const auto src = array_of(shape.src, integers(3 * 560, 1));
  const auto weights = integers(10 * 560, 2), dy = integers(30, 4);
  std::vector<double> dx(3 * 560), dw(10 * 560), db(10);
  for (int n = 0; n < 3; ++n)
    for (int o = 0; o < 10; ++o) {
      db[o] += dy[n * 10 + o];
      for (int i = 0; i < 560; ++i) {
        dx[n * 560 + i] += dy[n * 10 + o] * weights[o * 560 + i];
        dw[o * 560 + i] += dy[n * 10 + o] * src.v[n * 560 + i];
      }
    }
  const auto src_md = concrete_md(shape.src, GetParam());
  const auto weights_md =
      kernels::inner_product_forward(context_, "fc1", shape, {kernels::Pass::training, true, false}, src_md,
                                     dnnl::memory::data_type::f32)
          .arguments.at(DNNL_ARG_WEIGHTS);
  const auto data = kernels::inner_product_backward_data(context_, "fc1", shape, weights_md, src_md);
  expect_equal(run_kernel(context_, data, {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_WEIGHTS, weights}})
                   .at(DNNL_ARG_DIFF_SRC),
               dx, data.impl);
  const auto both = kernels::inner_product_backward_weights(context_, "fc1", shape, true, src_md, weights_md);
  const auto out = run_kernel(context_, both, {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_SRC, src.v}});
  expect_equal(out.at(DNNL_ARG_DIFF_WEIGHTS), dw, both.impl);
  expect_equal(out.at(DNNL_ARG_DIFF_BIAS), db, both.impl);
}

TEST_P(Relu, PassesTheGradientOnlyWhereTheResultIsPositive) {
  const dnnl::memory::dims dims{2, 6, 5, 4};
  const auto md = concrete_md(dims, GetParam());
  const auto src = integers(240, 1), dy = integers(240, 2);
  const auto dst = run_kernel(context_, kernels::relu_forward(context_, "relu", md, kernels::Pass::training),
                              {{DNNL_ARG_SRC, src}})
                       .at(DNNL_ARG_DST);
  const auto dx = run_kernel(context_, kernels::relu_backward(context_, "relu", md),
                             {{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, dy}})
                      .at(DNNL_ARG_DIFF_SRC);
  for (std::size_t i = 0; i < src.size(); ++i) {
    ASSERT_EQ(dst[i], std::max(src[i], 0.0));
    ASSERT_EQ(dx[i], src[i] > 0 ? dy[i] : 0) << "src " << src[i];
  }
}

// Mean and biased variance per channel over N, H, W.
struct Moments {
  std::vector<double> mean, variance;
};
Moments moments(const Array& x) {
  Moments m{std::vector<double>(x.c), std::vector<double>(x.c)};
  const double count = double(x.n) * x.h * x.w;
  for (const bool second : {false, true})
    for (int n = 0; n < x.n; ++n)
      for (int c = 0; c < x.c; ++c)
        for (int h = 0; h < x.h; ++h)
          for (int w = 0; w < x.w; ++w) {
            const double v = x(n, c, h, w);
            (second ? m.variance[c] : m.mean[c]) += (second ? (v - m.mean[c]) * (v - m.mean[c]) : v) / count;
          }
  return m;
}
double normalized(const Array& x, const Moments& m, std::size_t i, double eps) {
  const auto c = i / (std::size_t(x.h) * x.w) % x.c;
  return (x.v[i] - m.mean[c]) / std::sqrt(m.variance[c] + eps);
}

TEST_P(BatchNorm, TrainingUsesTheBatchAndInferenceTheGivenStatistics) {
  const dnnl::memory::dims dims{4, 6, 5, 7};
  const auto src = array_of(dims, integers(840, 1));
  const std::vector<double> scale{1, 2, -1, 0.5, 3, 1}, shift{0, 1, 2, -1, 0, 4};
  const auto md = concrete_md(dims, GetParam());
  const auto m = moments(src);
  std::vector<double> expected(840);
  for (std::size_t i = 0; i < 840; ++i)
    expected[i] = normalized(src, m, i, 1e-5) * scale[i / 35 % 6] + shift[i / 35 % 6];
  const auto training =
      run_kernel(context_, kernels::batch_norm_forward(context_, "bn", md, 1e-5, kernels::Pass::training),
                 {{DNNL_ARG_SRC, src.v}, {DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, shift}});
  expect_near(training.at(DNNL_ARG_DST), expected, 1e-5, "training");
  expect_near(training.at(DNNL_ARG_MEAN), m.mean, 1e-6, "mean");
  expect_near(training.at(DNNL_ARG_VARIANCE), m.variance, 1e-5, "variance");
  const auto inference =
      run_kernel(context_, kernels::batch_norm_forward(context_, "bn", md, 1e-5, kernels::Pass::inference),
                 {{DNNL_ARG_SRC, src.v},
                  {DNNL_ARG_SCALE, scale},
                  {DNNL_ARG_SHIFT, shift},
                  {DNNL_ARG_MEAN, m.mean},
                  {DNNL_ARG_VARIANCE, m.variance}});
  expect_near(inference.at(DNNL_ARG_DST), expected, 1e-5, "inference");
}

TEST_P(BatchNorm, GradientsEqualDifferenceQuotientsOfTheDefinition) {
  const dnnl::memory::dims dims{2, 6, 3, 4};
  const auto src = array_of(dims, integers(144, 1));
  const auto dy = integers(144, 2);
  const std::vector<double> scale{1, 2, -1, 0.5, 3, 1};
  const auto md = concrete_md(dims, GetParam());
  const auto m = moments(src);
  const auto out = run_kernel(context_, kernels::batch_norm_backward(context_, "bn", md, 1e-5),
                              {{DNNL_ARG_SRC, src.v},
                               {DNNL_ARG_DIFF_DST, dy},
                               {DNNL_ARG_SCALE, scale},
                               {DNNL_ARG_MEAN, m.mean},
                               {DNNL_ARG_VARIANCE, m.variance}});
  const auto objective = [&](const Array& x) {
    const auto mx = moments(x);
    double sum = 0;
    for (std::size_t i = 0; i < 144; ++i) sum += dy[i] * normalized(x, mx, i, 1e-5) * scale[i / 12 % 6];
    return sum;
  };
  for (std::size_t i = 0; i < 144; i += 5) {
    auto up = src, down = src;
    up.v[i] += 1e-5;
    down.v[i] -= 1e-5;
    ASSERT_NEAR(out.at(DNNL_ARG_DIFF_SRC)[i], (objective(up) - objective(down)) / 2e-5, 2e-5) << i;
  }
  std::vector<double> dscale(6), dshift(6);
  for (std::size_t i = 0; i < 144; ++i) {
    dscale[i / 12 % 6] += dy[i] * normalized(src, m, i, 1e-5);
    dshift[i / 12 % 6] += dy[i];
  }
  expect_near(out.at(DNNL_ARG_DIFF_SCALE), dscale, 1e-4, "scale");
  expect_near(out.at(DNNL_ARG_DIFF_SHIFT), dshift, 1e-4, "shift");
}

TEST(BatchNormRunning, FollowsPyTorchsMomentumAndUnbiasedVariance) {
  const kernels::Context context;
  const auto kernel = kernels::batch_norm_update_running(2, 10, 0.1);
  kernels::Step step;
  step.kernel = kernel;
  for (const auto& [argument, md] : kernel.arguments)
    step.arguments[argument] = from_plain(context, std::vector<double>{1, 2}, md);
  auto stream = context.stream;
  step.execute(stream);
  expect_near(to_plain(step.arguments.at(kernels::kArgRunningMean)), {1, 2}, 1e-7, "mean");
  expect_near(to_plain(step.arguments.at(kernels::kArgRunningVariance)), {0.9 + 0.1 / 0.9, 1.8 + 0.2 / 0.9},
              1e-6, "variance");
}

TEST(BceWithLogits, EqualsTheDefinitionAndItsDerivative) {
  const kernels::Context context;
  const std::vector<double> logits{-3, -0.5, 0, 0.25, 4}, labels{0, 1, 1, 0.3, 1};
  const auto out =
      run_kernel(context, kernels::bce_with_logits(5), {{DNNL_ARG_SRC_0, logits}, {DNNL_ARG_SRC_1, labels}});
  EXPECT_NEAR(out.at(DNNL_ARG_DST)[0], bce(logits, labels), 1e-7);
  for (std::size_t i = 0; i < 5; ++i) {
    auto up = logits, down = logits;
    up[i] += 1e-6;
    down[i] -= 1e-6;
    EXPECT_NEAR(out.at(DNNL_ARG_DIFF_SRC)[i], (bce(up, labels) - bce(down, labels)) / 2e-6, 1e-7);
  }
}

TEST(BceWithLogits, StaysFiniteForExtremeLogits) {
  EXPECT_DOUBLE_EQ(kernels::bce_with_logits_value(1000, 0), 1000);
  EXPECT_DOUBLE_EQ(kernels::bce_with_logits_value(-1000, 1), 1000);
  EXPECT_DOUBLE_EQ(kernels::bce_with_logits_value(1000, 1), 0);
}

TEST_P(Reorder, ThereAndBackKeepsEveryValue) {
  const dnnl::memory::dims dims{2, 6, 5, 7};
  const auto md = concrete_md(dims, GetParam());
  const auto values = distinct(420, 1);
  const auto there =
      run_kernel(context_, kernels::reorder(context_, kernels::plain_md(dims), md), {{DNNL_ARG_FROM, values}})
          .at(DNNL_ARG_TO);
  expect_equal(there, values, "reorder");
}

TEST(LayoutNames, RoundTripAndRefuseOthers) {
  for (const auto& name : kernels::layout_names())
    EXPECT_EQ(kernels::to_string(kernels::layout_from_string(name)), name);
  EXPECT_THROW(kernels::layout_from_string("nwhc"), ConfigError);
}

TEST(Describe, UsesOneDnnsNotation) {
  const auto type = dnnl::memory::data_type::f32;
  EXPECT_EQ(kernels::describe(kernels::activation_md({2, 6, 5, 7}, type, kernels::Layout::nhwc)), "f32 nhwc");
  EXPECT_EQ(kernels::describe(kernels::activation_md({2, 6, 5, 7}, type, kernels::Layout::nchw)), "f32 nchw");
  EXPECT_THAT(kernels::describe(kernels::activation_md({2, 6, 5, 7}, type, kernels::Layout::blocked)),
              testing::AnyOf("f32 nChw16c", "f32 nChw8c"));
  EXPECT_EQ(kernels::describe(kernels::activation_md({2, 6, 5, 7}, type, kernels::Layout::any)), "f32 any");
  EXPECT_EQ(kernels::describe(kernels::plain_md({5})), "f32 x");
  EXPECT_THAT(kernels::padded_channels(kernels::activation_md({2, 6, 5, 7}, type, kernels::Layout::blocked)),
              testing::AnyOf(10, 2));
}

}  // namespace
}  // namespace dsx

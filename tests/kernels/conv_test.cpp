// Convolution against its definition in every layout and direction, with integer values: results must be
// equal.
#include "kernels/onednn/conv.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

struct ConvCase {
  int n, ic, h, w, oc, kernel, stride, padding, cut;  // cut: how much the right padding is reduced
};
void PrintTo(const ConvCase& c, std::ostream* out) {
  *out << c.n << "x" << c.ic << "x" << c.h << "x" << c.w << " -> " << c.oc << ", k" << c.kernel << " s"
       << c.stride << " p" << c.padding << " cut " << c.cut;
}

class Conv : public testing::TestWithParam<std::tuple<kernels::Layout, ConvCase>> {
 protected:
  void SetUp() override {
    const auto& c = std::get<1>(GetParam());
    shape_ = kernels::conv_shape({c.n, c.ic, c.h, c.w}, c.oc, c.kernel, c.stride, c.padding);
    if (c.cut != 0) {
      shape_.padding_r -= c.cut;
      for (const int d : {2, 3})
        shape_.dst[d] = (shape_.src[d] + shape_.padding_l + shape_.padding_r - c.kernel) / c.stride + 1;
    }
    src_ = array_of(shape_.src, integers(count(shape_.src), 1));
    weights_ = array_of(shape_.weights, integers(count(shape_.weights), 2));
    bias_ = integers(c.oc, 3);
  }
  static std::size_t count(const dnnl::memory::dims& dims) {
    std::size_t product = 1;
    for (const auto d : dims) product *= d;
    return product;
  }
  Array expected() const {
    return conv(src_, weights_, bias_, shape_.stride, shape_.padding_l, static_cast<int>(shape_.dst[2]),
                static_cast<int>(shape_.dst[3]));
  }
  Array diff_dst() const { return array_of(shape_.dst, integers(count(shape_.dst), 4)); }

  kernels::Context context_ = test_context(std::get<0>(GetParam()));
  dnnl::memory::desc md(const dnnl::memory::dims& dims) const {
    return kernels::activation_md(dims, dnnl::memory::data_type::f32, context_.layout);
  }
  kernels::ConvShape shape_;
  Array src_, weights_;
  std::vector<double> bias_;
};

TEST_P(Conv, ForwardEqualsDefinition) {
  for (const auto pass : {kernels::Pass::inference, kernels::Pass::training}) {
    const auto kernel =
        kernels::conv_forward(context_, "conv", shape_, {pass, true, false}, md(shape_.src), md(shape_.dst));
    const auto out = run_kernel(
        context_, kernel, {{DNNL_ARG_SRC, src_.v}, {DNNL_ARG_WEIGHTS, weights_.v}, {DNNL_ARG_BIAS, bias_}});
    expect_equal(out.at(DNNL_ARG_DST), expected().v, kernel.impl);
  }
}

TEST_P(Conv, FusedReluClampsAtZero) {
  const auto kernel = kernels::conv_forward(context_, "conv", shape_, {kernels::Pass::training, true, true},
                                            md(shape_.src), md(shape_.dst));
  const auto out = run_kernel(
      context_, kernel, {{DNNL_ARG_SRC, src_.v}, {DNNL_ARG_WEIGHTS, weights_.v}, {DNNL_ARG_BIAS, bias_}});
  expect_equal(out.at(DNNL_ARG_DST), relu(expected()).v, kernel.impl);
}

TEST_P(Conv, BackwardDataEqualsDefinition) {
  const auto dy = diff_dst();
  const auto kernel = kernels::conv_backward_data(context_, "conv", shape_, md(shape_.src), md(shape_.dst));
  const auto out = run_kernel(context_, kernel, {{DNNL_ARG_DIFF_DST, dy.v}, {DNNL_ARG_WEIGHTS, weights_.v}});
  const auto expected = conv_backward(src_, weights_, dy, shape_.stride, shape_.padding_l);
  expect_equal(out.at(DNNL_ARG_DIFF_SRC), expected.src.v, kernel.impl);
}

TEST_P(Conv, BackwardWeightsEqualDefinition) {
  const auto dy = diff_dst();
  const auto kernel =
      kernels::conv_backward_weights(context_, "conv", shape_, true, md(shape_.src), md(shape_.dst));
  const auto out = run_kernel(context_, kernel, {{DNNL_ARG_DIFF_DST, dy.v}, {DNNL_ARG_SRC, src_.v}});
  const auto expected = conv_backward(src_, weights_, dy, shape_.stride, shape_.padding_l);
  expect_equal(out.at(DNNL_ARG_DIFF_WEIGHTS), expected.weights.v, kernel.impl);
  expect_equal(out.at(DNNL_ARG_DIFF_BIAS), expected.bias, kernel.impl);
}

const std::vector<ConvCase> kConvCases{
    {2, 1, 20, 18, 6, 5, 1, 0, 0},   // the study's conv1
    {2, 1, 20, 18, 6, 5, 2, 0, 0},   // strided, even result
    {2, 1, 19, 17, 6, 5, 2, 0, 1},   // strided, odd result: last row and column cut
    {2, 6, 14, 14, 16, 5, 1, 0, 0},  // conv2
    {2, 6, 14, 14, 16, 5, 2, 0, 0}, {1, 16, 9, 9, 32, 3, 1, 1, 0},
    {1, 3, 16, 16, 8, 3, 2, 1, 0},  // a MobileNet-like stem
};

INSTANTIATE_TEST_SUITE_P(AllLayouts, Conv,
                         testing::Combine(testing::ValuesIn(all_layouts()), testing::ValuesIn(kConvCases)),
                         [](const auto& tested) {
                           const auto& c = std::get<1>(tested.param);
                           return kernels::to_string(std::get<0>(tested.param)) + "_ic" +
                                  std::to_string(c.ic) + "_oc" + std::to_string(c.oc) + "_k" +
                                  std::to_string(c.kernel) + "_s" + std::to_string(c.stride) + "_cut" +
                                  std::to_string(c.cut);
                         });

TEST(ConvShape, RefusesKernelLargerThanInput) {
  EXPECT_THROW(kernels::conv_shape({1, 1, 4, 4}, 6, 5, 1, 0), ConfigError);
}

TEST(ConvCost, CountsMultiplyAndAddOfTheStudysConvolutions) {
  // 71.9 M multiply-accumulates per image in both stride-1 convolutions, 18.0 M with stride 2
  // (original_study.md).
  const auto mmac = [](int stride) {
    const auto conv1 = kernels::conv_shape({1, 1, 320, 320}, 6, 5, stride, 0);
    const auto conv2 = kernels::conv_shape({1, 6, 158, 158}, 16, 5, stride, 0);
    return (kernels::conv_flop(conv1) + kernels::conv_flop(conv2)) / 2e6;
  };
  EXPECT_NEAR(mmac(1), 71.9, 0.05);
  EXPECT_NEAR(mmac(2), 18.0, 0.05);
}

TEST(RefusesRef, NamesLayerLayoutAndReason) {
  kernels::Context context;
  context.layout = kernels::Layout::blocked;
  const auto shape = kernels::conv_shape({1, 6, 12, 12}, 16, 5, 1, 0);
  const auto md = [&](const auto& dims) {
    return kernels::activation_md(dims, dnnl::memory::data_type::f32, kernels::Layout::blocked);
  };
  kernels::Context allowing = context;
  allowing.allow_ref = true;
  const auto kernel = kernels::conv_forward(allowing, "conv2", shape, {}, md(shape.src), md(shape.dst));
  if (!kernels::is_ref(kernel.impl))
    GTEST_SKIP() << "this oneDNN has a fast implementation here: " << kernel.impl;
  try {
    kernels::conv_forward(context, "conv2", shape, {}, md(shape.src), md(shape.dst));
    FAIL() << "not refused";
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("layer conv2, layout blocked"));
    EXPECT_THAT(error.what(), testing::HasSubstr("--allow-ref"));
  }
}

}  // namespace
}  // namespace dsx

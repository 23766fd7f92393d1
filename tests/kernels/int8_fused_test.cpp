// Our int8 kernels: against the definition in integers, exactly, for shapes whose rows end in the middle of a
// tile, any number of channels, images and threads, and the largest weights on the largest activations; and
// bit by bit against oneDNN's primitives one after the other, with scales that round.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include <optional>

#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/int8_block.hpp"
#include "kernels/fused/int8_linear.hpp"
#include "tests/reference/int8_values.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;
using dnnl::memory;
using kernels::Int8Scales;

struct Int8BlockCase {
  int batch, in_channels, out_channels, height, width, kernel;
  float shift;  // of the source, in its steps
};
void PrintTo(const Int8BlockCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.in_channels << "x" << c.height << "x" << c.width << " -> " << c.out_channels
       << ", k" << c.kernel << " shift " << c.shift;
}

kernels::ConvShape block_shape(const Int8BlockCase& c, const downsample::DownsampleOp& op) {
  auto shape = kernels::conv_shape({c.batch, c.in_channels, c.height, c.width}, c.out_channels, c.kernel,
                                   op.conv_stride, 0);
  if (op.conv_stride == 1) return shape;
  shape.padding_r = -((c.height - c.kernel + 1) % 2 == 0 ? 0 : 1);
  shape.dst[2] = (c.height - c.kernel + 1) / 2;
  shape.dst[3] = (c.width - c.kernel + 1) / 2;
  return shape;
}

bool fuses_integers(const downsample::DownsampleOp& op) {
  return op.fused != nullptr && (op.on_u8 || op.acts_in_convolution());
}

struct Int8BlockValues {
  Int8BlockValues(const kernels::ConvShape& shape, Fill fill)
      : q(u8_values(count_of(shape.src), fill, 1)),
        weights(weight_values(static_cast<std::size_t>(shape.dst[1]),
                              count_of(shape.weights) / static_cast<std::size_t>(shape.dst[1]), fill, 2)),
        bias(integers(static_cast<std::size_t>(shape.dst[1]), 3)) {}
  Values inputs() const { return {{DNNL_ARG_SRC, q}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}}; }
  std::vector<double> q, weights, bias;
};

class Int8FusedBlock : public testing::TestWithParam<std::tuple<std::string, Int8BlockCase, Fill, int>> {
 protected:
  void SetUp() override {
    if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
    kernels::set_threads(std::get<3>(GetParam()));
  }
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }

  const downsample::DownsampleOp& op() const { return downsample::downsample_op(std::get<0>(GetParam())); }
  const Int8BlockCase& shape_case() const { return std::get<1>(GetParam()); }

  std::vector<double> fused(const kernels::ConvShape& shape, const Int8BlockValues& values,
                            const Int8Scales& scales) const {
    const auto pool = fused::int8_pool_for(shape, op().fused);
    if (!pool) return {};
    const auto kernel = fused::int8_block_forward(context_, "block", shape, *pool, true, scales);
    EXPECT_THAT(kernel.impl, testing::StartsWith("ours:int8:"));
    return run_kernel(context_, kernel, values.inputs()).at(DNNL_ARG_DST);
  }

  // The convolution, then the operator's own steps.
  std::vector<double> primitives(const kernels::ConvShape& shape, const Int8BlockValues& values,
                                 const Int8Scales& scales) const {
    auto current = run_kernel(context_,
                              kernels::conv_forward_int8(context_, "conv", shape,
                                                         {kernels::Pass::inference, true, true}, scales),
                              values.inputs())
                       .at(DNNL_ARG_DST);
    const auto md = kernels::activation_md(shape.dst, memory::data_type::u8, kernels::Layout::nhwc);
    for (const auto& stage : op().build(context_, "pool", md, false))
      current =
          run_kernel(context_, stage.forward, {{DNNL_ARG_SRC, current}}, nullptr, stage.forward_constants)
              .at(DNNL_ARG_DST);
    return current;
  }

  kernels::Context context_ = test_context(kernels::Layout::nhwc);
};

TEST_P(Int8FusedBlock, IsTheDefinitionRoundedWhereThePrimitivesRound) {
  const auto& c = shape_case();
  const auto shape = block_shape(c, op());
  const Int8BlockValues values(shape, std::get<2>(GetParam()));
  auto src = array_of(shape.src, values.q);
  for (double& x : src.v) x = (x - c.shift) * kSourceScale;
  const auto sums = relu(conv(src, array_of(shape.weights, values.weights), values.bias, shape.stride, 0,
                              static_cast<int>(shape.dst[2]), static_cast<int>(shape.dst[3])));
  for (const float scale : {0x1p-2F, 0x1p3F}) {
    auto integers = sums;
    integers.v = rounded(sums.v, scale);
    expect_equal(fused(shape, values, {{kSourceScale, c.shift * kSourceScale}, scale}),
                 rounded(downsampled(op(), integers).v, 1), "fused");
  }
}

// Scales that are no powers of two: products round, and so do their ties.
TEST_P(Int8FusedBlock, EqualsThePrimitivesBitByBit) {
  const auto shape = block_shape(shape_case(), op());
  Int8BlockValues values(shape, std::get<2>(GetParam()));
  for (double& w : values.weights) w *= 0.37;
  for (double& b : values.bias) b *= 0.11;
  const Int8Scales scales{{0.0173F, shape_case().shift * 0.0173F}, 0.0291F};
  expect_equal(fused(shape, values, scales), primitives(shape, values, scales), "fused and primitives");
}

const auto kInt8BlockName = [](const auto& tested) {
  const auto& [op, c, fill, threads] = tested.param;
  return test_name(op + "_" + testing::PrintToString(c) + "_" + name_of_fill(fill, threads));
};
const auto kInt8BlockCases =
    testing::Values(Int8BlockCase{1, 1, 6, 40, 44, 5, 0}, Int8BlockCase{3, 6, 16, 30, 30, 5, 0},
                    Int8BlockCase{2, 3, 5, 21, 27, 3, 0.5F}, Int8BlockCase{2, 2, 17, 13, 15, 4, 3.25F},
                    Int8BlockCase{1, 1, 6, 71, 75, 5, 124}, Int8BlockCase{2, 4, 12, 18, 16, 2, 0},
                    Int8BlockCase{2, 6, 32, 13, 41, 5, 0}, Int8BlockCase{1, 4, 1, 9, 11, 1, 0},
                    Int8BlockCase{5, 1, 8, 21, 37, 5, 0});

INSTANTIATE_TEST_SUITE_P(OperatorsShapes, Int8FusedBlock,
                         testing::Combine(testing::ValuesIn(operator_names(&fuses_integers)), kInt8BlockCases,
                                          testing::Values(Fill::random, Fill::saturating),
                                          testing::Values(1, 2, 3, 4, 5)),
                         kInt8BlockName);

TEST(Int8FusedBlockFits, LeavesToThePrimitivesWhatItHasNoKernelFor) {
  if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  const auto maximum = downsample::downsample_op("maxpool").fused;
  EXPECT_TRUE(fused::int8_pool_for(kernels::conv_shape({1, 6, 20, 20}, 16, 5, 1, 0), maximum));
  EXPECT_FALSE(fused::int8_pool_for(kernels::conv_shape({1, 6, 20, 20}, 16, 5, 1, 1), maximum)) << "padding";
  EXPECT_FALSE(fused::int8_pool_for(kernels::conv_shape({1, 6, 20, 20}, 16, 5, 2, 0), maximum)) << "stride";
  EXPECT_FALSE(fused::int8_pool_for(kernels::conv_shape({1, 6, 20, 7}, 16, 5, 1, 0), maximum)) << "narrow";
  EXPECT_FALSE(fused::int8_pool_for(kernels::conv_shape({1, 1, 20, 20}, 6, 3, 1, 0), maximum)) << "3 bytes";
  EXPECT_FALSE(fused::int8_pool_for(kernels::conv_shape({1, 6, 20, 20}, 16, 5, 1, 0), nullptr)) << "none";
}

struct Int8LinearCase {
  memory::dims src;
  int outputs;
  bool nhwc, relu, bias;
};
void PrintTo(const Int8LinearCase& c, std::ostream* out) {
  *out << kernels::dims_string(c.src) << (c.nhwc ? " nhwc -> " : " -> ") << c.outputs;
}

memory::desc src_md_of(const Int8LinearCase& c) {
  constexpr auto u8 = memory::data_type::u8;
  return c.nhwc ? kernels::activation_md(c.src, u8, kernels::Layout::nhwc) : kernels::plain_md(c.src, u8);
}

class Int8FusedLinear : public testing::TestWithParam<std::tuple<Int8LinearCase, Fill, int>> {
 protected:
  void SetUp() override {
    if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
    const auto& [c, fill, threads] = GetParam();
    kernels::set_threads(threads);
    shape_ = kernels::inner_product_shape(c.src, c.outputs);
    inputs_ = count_of(c.src) / static_cast<std::size_t>(c.src[0]);
    q_ = u8_values(count_of(c.src), fill, 1);
    weights_ = weight_values(static_cast<std::size_t>(c.outputs), inputs_, fill, 2);
    bias_ = integers(static_cast<std::size_t>(c.outputs), 3);
  }
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }

  template <typename Make>
  std::vector<double> run(const Make& make, const Int8Scales& scales) const {
    const auto& c = std::get<0>(GetParam());
    Values values{{DNNL_ARG_SRC, q_}, {DNNL_ARG_WEIGHTS, weights_}};
    if (c.bias) values[DNNL_ARG_BIAS] = bias_;
    return run_kernel(
               context_,
               make(context_, "fc", shape_, {kernels::Pass::inference, c.bias, c.relu}, scales, src_md_of(c)),
               values)
        .at(DNNL_ARG_DST);
  }
  std::vector<double> ours(const Int8Scales& scales) const { return run(fused::int8_linear_forward, scales); }
  std::vector<double> primitive(const Int8Scales& scales) const {
    return run(kernels::inner_product_forward_int8, scales);
  }

  std::vector<double> expected(double shift) const {
    const auto& c = std::get<0>(GetParam());
    std::vector<double> values;
    for (std::size_t n = 0; n < static_cast<std::size_t>(c.src[0]); ++n)
      for (std::size_t o = 0; o < static_cast<std::size_t>(c.outputs); ++o) {
        double sum = 0, of_weights = 0;  // integers: exact
        for (std::size_t i = 0; i < inputs_; ++i) {
          const double weight = weights_[o * inputs_ + i] / kWeightScale;
          sum += q_[n * inputs_ + i] * weight;
          of_weights += weight;
        }
        // As documented: the sum, the bias and what they give are rounded to f32; scales are powers of two.
        const double bias = (c.bias ? bias_[o] : 0) - shift * kSourceScale * kWeightScale * of_weights;
        const float value = static_cast<float>(sum) * kSourceScale * kWeightScale + static_cast<float>(bias);
        values.push_back(c.relu ? std::max(value, 0.F) : value);
      }
    return values;
  }

  kernels::Context context_ = test_context(kernels::Layout::nhwc);
  kernels::InnerProductShape shape_;
  std::size_t inputs_ = 0;
  std::vector<double> q_, weights_, bias_;
};

TEST_P(Int8FusedLinear, EqualsItsDefinition) {
  expect_equal(ours({.src = {kSourceScale, kSourceScale / 2}}), expected(0.5), "f32 destination");
  if (std::get<0>(GetParam()).relu)
    for (const float scale : {0x1p-2F, 0x1p6F})
      expect_equal(ours({.src = {kSourceScale, 0}, .dst = scale}), rounded(expected(0), scale), "u8");
}

// Scales that are no powers of two: products round, and so do their ties.
TEST_P(Int8FusedLinear, EqualsThePrimitiveBitByBit) {
  for (double& w : weights_) w *= 0.37;
  for (double& b : bias_) b *= 0.11;
  Int8Scales scales{.src = {0.0173F, 0.2F}};
  expect_equal(ours(scales), primitive(scales), "f32 destination");
  if (!std::get<0>(GetParam()).relu) return;
  scales.dst = 0.61F;
  expect_equal(ours(scales), primitive(scales), "u8 destination");
}

const auto kInt8LinearName = [](const auto& tested) {
  const auto& [c, fill, threads] = tested.param;
  return test_name(testing::PrintToString(c) + "_" + name_of_fill(fill, threads));
};
INSTANTIATE_TEST_SUITE_P(
    Shapes, Int8FusedLinear,
    testing::Combine(testing::Values(Int8LinearCase{{1, 5000}, 120, false, true, true},
                                     Int8LinearCase{{2, 1024}, 7, false, false, false},
                                     Int8LinearCase{{3, 1025}, 6, false, true, true},
                                     Int8LinearCase{{4, 17}, 1, false, false, true},
                                     Int8LinearCase{{33, 16, 13, 11}, 50, true, true, true},
                                     Int8LinearCase{{5, 3, 31, 33}, 13, true, false, true},
                                     Int8LinearCase{{7, 4, 16, 32}, 12, false, true, false},
                                     Int8LinearCase{{66, 2, 20, 20}, 11, true, true, true}),
                     testing::Values(Fill::random, Fill::saturating), testing::Values(1, 2, 3, 4, 5)),
    kInt8LinearName);

// 70,000 products of 255 and 127 are beyond s32.
TEST(Int8FusedLinearSums, AddUpMoreThanFitsIntoThirtyTwoBits) {
  if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  const auto context = test_context(kernels::Layout::nhwc);
  const double limit = kernels::weight_limit();
  for (const int threads : {1, 2}) {
    kernels::set_threads(threads);
    const auto shape = kernels::inner_product_shape({1, 140000}, 2);
    const auto kernel =
        fused::int8_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   {.src = {}}, kernels::plain_md(shape.src, memory::data_type::u8));
    std::vector<double> weights(280000, limit);
    std::fill(weights.begin() + 140000, weights.end(), -limit);
    const auto got =
        run_kernel(context, kernel,
                   {{DNNL_ARG_SRC, std::vector<double>(140000, 255.0)}, {DNNL_ARG_WEIGHTS, weights}})
            .at(DNNL_ARG_DST);
    const double sum = static_cast<float>(140000 * 255 * limit);
    EXPECT_THAT(got, testing::ElementsAre(sum, -sum)) << threads << " threads";
  }
  kernels::set_threads(omp_get_num_procs());
}

TEST(Int8FusedLinearFits, LeavesSmallOnesAndOtherLayoutsToThePrimitives) {
  if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  constexpr auto u8 = memory::data_type::u8;
  const auto large = kernels::inner_product_shape({2, 16, 77, 77}, 120),
             small = kernels::inner_product_shape({2, 120}, 84);
  EXPECT_TRUE(fused::int8_linear_fits(large, kernels::plain_md(large.src, u8)));
  EXPECT_TRUE(fused::int8_linear_fits(large, kernels::activation_md(large.src, u8, kernels::Layout::nhwc)));
  EXPECT_FALSE(fused::int8_linear_fits(large, kernels::plain_md(large.src)));
  EXPECT_FALSE(fused::int8_linear_fits(small, kernels::plain_md(small.src, u8)));
}

// 7 bits go with sums of pairs, 8 bits with VNNI.
TEST(Int8FusedIsa, IsWhatTheWeightsAreMadeFor) {
  if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  EXPECT_EQ(fused::int8_has_vnni(), kernels::has_vnni());
  EXPECT_EQ(fused::int8_isa().find("VNNI") != std::string::npos, kernels::has_vnni());
}

}  // namespace
}  // namespace dsx

// The inner product of large weights against its definition: exactly, on integers, for inputs that end in the
// middle of a vector or of a chunk, outputs that end in the middle of a block, any number of images and
// threads.
#include "kernels/fused/packed_linear.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include "kernels/fused/fused_block.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;
using dnnl::memory;

struct LinearCase {
  memory::dims src;
  int outputs;
  bool nhwc, relu, bias;
};
void PrintTo(const LinearCase& c, std::ostream* out) {
  *out << kernels::dims_string(c.src) << (c.nhwc ? " nhwc -> " : " -> ") << c.outputs;
}

std::size_t count(const memory::dims& dims) {
  std::size_t product = 1;
  for (const auto d : dims) product *= static_cast<std::size_t>(d);
  return product;
}

std::vector<double> expected(const LinearCase& c, const std::vector<double>& x,
                             const std::vector<double>& weights, const std::vector<double>& bias) {
  const auto images = static_cast<std::size_t>(c.src[0]), inputs = x.size() / images;
  std::vector<double> result;
  for (std::size_t n = 0; n < images; ++n) {
    for (std::size_t o = 0; o < static_cast<std::size_t>(c.outputs); ++o) {
      double sum = c.bias ? bias[o] : 0;
      for (std::size_t i = 0; i < inputs; ++i) sum += x[n * inputs + i] * weights[o * inputs + i];
      result.push_back(c.relu ? std::max(sum, 0.0) : sum);
    }
  }
  return result;
}

class PackedLinear : public testing::TestWithParam<std::tuple<LinearCase, int, bool, bool>> {};

TEST_P(PackedLinear, EqualsItsDefinitionExactlyOnIntegers) {
  const auto& [c, threads, bf16, behind_relu] = GetParam();
  kernels::Context context;
  context.dtype = bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  const auto shape = kernels::inner_product_shape(c.src, c.outputs);
  const auto src_md = c.nhwc ? kernels::activation_md(c.src, memory::data_type::f32, kernels::Layout::nhwc)
                             : kernels::plain_md(c.src);
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  kernels::set_threads(threads);
  // Whole numbers up to 3 are bf16 numbers; a bf16 destination would round the sums.
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, c.bias, c.relu}, src_md,
                                   memory::data_type::f32, behind_relu);
  EXPECT_THAT(kernel.impl, testing::StartsWith(behind_relu ? "ours:skips_zeros:" : "ours:"));
  auto x = integers(count(c.src), 1);
  if (behind_relu) {
    for (auto& value : x) value = std::max(value, 0.0);
  }
  const auto weights = integers(count(shape.weights), 2),
             bias = integers(static_cast<std::size_t>(c.outputs), 3);
  const auto got =
      run_kernel(context, kernel, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}});
  expect_equal(got.at(DNNL_ARG_DST), expected(c, x, weights, bias), kernel.impl);
  kernels::set_threads(omp_get_num_procs());
}

const auto kPackedName = [](const auto& tested) {
  const auto& [c, threads, bf16, behind_relu] = tested.param;
  return test_name(testing::PrintToString(c) + "_threads" + std::to_string(threads) +
                   (bf16 ? "_bf16" : "_f32") + (behind_relu ? "_behind_relu" : ""));
};
INSTANTIATE_TEST_SUITE_P(ShapesThreadsTypes, PackedLinear,
                         testing::Combine(testing::Values(LinearCase{{1, 5000}, 120, false, true, true},
                                                          LinearCase{{2, 1024}, 7, false, false, false},
                                                          LinearCase{{3, 1025}, 6, false, true, true},
                                                          LinearCase{{4, 17}, 1, false, false, true},
                                                          LinearCase{{32, 16, 13, 11}, 50, true, true, true},
                                                          LinearCase{{5, 3, 31, 33}, 13, true, false, true},
                                                          LinearCase{{7, 4, 16, 32}, 12, false, true, false},
                                                          LinearCase{{67, 2, 20, 20}, 11, true, true, true}),
                                          testing::Values(1, 2, 3, 40), testing::Bool(), testing::Bool()),
                         kPackedName);

class PackedLinearWays : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(DenseAndBehindRelu, PackedLinearWays, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "behind_relu" : "dense"; });

TEST_P(PackedLinearWays, GiveTheSameBitsForAnyNumberOfThreads) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  const auto shape = kernels::inner_product_shape({5, 9001}, 40);
  auto x = integers(5 * 9001, 1), weights = integers(40 * 9001, 2);
  for (auto* values : {&x, &weights}) {
    for (auto& value : *values) value *= 0.1;
  }
  std::vector<double> first;
  for (const int threads : {1, 2, 3, 8, 30}) {
    kernels::set_threads(threads);
    const auto kernel =
        fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, true},
                                     kernels::plain_md(shape.src), memory::data_type::f32, GetParam());
    const auto got =
        run_kernel(context, kernel, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weights}}).at(DNNL_ARG_DST);
    if (first.empty()) first = got;
    expect_equal(got, first, fmt::format("{} threads", threads));
  }
  kernels::set_threads(omp_get_num_procs());
}

TEST_P(PackedLinearWays, RoundWeightsAndResultsAsBf16Does) {
  kernels::Context context;
  context.dtype = memory::data_type::bf16;
  const auto shape = kernels::inner_product_shape({1, 40}, 2);
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   kernels::plain_md(shape.src), memory::data_type::bf16, GetParam());
  // 1 + 2^-8 is halfway between 1 and 1 + 2^-7: to the even one. 257 = 256 + 1 is halfway, too: 256.
  std::vector<double> x(40, 0.0), weights(80, 0.0);
  x[0] = 1;
  x[33] = 256;
  weights[0] = weights[33] = 1.00390625;
  weights[40] = -1.01;  // bf16: -1.0078125
  const auto got =
      run_kernel(context, kernel, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weights}}).at(DNNL_ARG_DST);
  EXPECT_THAT(got, testing::ElementsAre(256.0, -1.0078125));
}

// Each thread's first weights lie apart, and are not known before they are packed.
TEST_P(PackedLinearWays, SayWhatTheyReadFirst) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  kernels::set_threads(2);
  const auto shape = kernels::inner_product_shape({1, 40000}, 12);
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   kernels::plain_md(shape.src), memory::data_type::f32, GetParam());
  ASSERT_TRUE(kernel.first_reads);
  EXPECT_EQ(kernel.first_reads(0).bytes, 0U);
  run_kernel(context, kernel,
             {{DNNL_ARG_SRC, integers(40000, 1)}, {DNNL_ARG_WEIGHTS, integers(std::size_t{12} * 40000, 2)}});
  const auto first = kernel.first_reads(0), second = kernel.first_reads(1);
  kernels::set_threads(omp_get_num_procs());
  if (first.bytes == 0) GTEST_SKIP() << "the size of the L2 cache is not known here";
  EXPECT_GE(static_cast<const char*>(second.at), static_cast<const char*>(first.at) + first.bytes);
}

TEST_P(PackedLinearWays, KeepAnImagesNansToItself) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  const auto shape =
      kernels::inner_product_shape({2, 1030}, 3);  // its last vector would reach into the next image
  auto x = integers(2 * 1030, 1);
  x[1030] = std::numeric_limits<double>::quiet_NaN();
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   kernels::plain_md(shape.src), memory::data_type::f32, GetParam());
  const auto got = run_kernel(context, kernel, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, integers(3 * 1030, 2)}})
                       .at(DNNL_ARG_DST);
  for (std::size_t o = 0; o < 3; ++o) {
    EXPECT_FALSE(std::isnan(got[o]));
    EXPECT_TRUE(std::isnan(got[3 + o]));
  }
}

// What 0 times a weight is depends on the weight.
TEST(PackedLinear, SkipsNoInputWhereAWeightIsNotFinite) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  const auto shape = kernels::inner_product_shape({1, 100}, 3);
  std::vector<double> weights(300, 1.0);
  weights[7] = std::numeric_limits<double>::infinity();
  weights[207] = std::numeric_limits<double>::quiet_NaN();
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   kernels::plain_md(shape.src), memory::data_type::f32, true);
  const auto got = run_kernel(context, kernel,
                              {{DNNL_ARG_SRC, std::vector<double>(100, 0.0)}, {DNNL_ARG_WEIGHTS, weights}})
                       .at(DNNL_ARG_DST);
  EXPECT_TRUE(std::isnan(got[0]));
  EXPECT_EQ(got[1], 0);
  EXPECT_TRUE(std::isnan(got[2]));
}

TEST(PackedLinear, SkipsNoInputWhereABf16WeightBecomesInfinite) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  kernels::Context context;
  context.dtype = memory::data_type::bf16;
  const auto shape = kernels::inner_product_shape({1, 100}, 1);
  std::vector<double> weights(100, 1.0);
  weights[7] = 3.4e38;  // above bf16's largest number
  const auto kernel =
      fused::packed_linear_forward(context, "fc", shape, {kernels::Pass::inference, false, false},
                                   kernels::plain_md(shape.src), memory::data_type::f32, true);
  const auto got = run_kernel(context, kernel,
                              {{DNNL_ARG_SRC, std::vector<double>(100, 0.0)}, {DNNL_ARG_WEIGHTS, weights}});
  EXPECT_TRUE(std::isnan(got.at(DNNL_ARG_DST)[0]));
}

TEST(PackedLinearFits, LeavesToOneDnnWhatItDoesNotGainFrom) {
  const kernels::Context context;
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const auto large = kernels::inner_product_shape({2, 16, 77, 77}, 120),
             small = kernels::inner_product_shape({2, 120}, 84);
  EXPECT_TRUE(fused::packed_linear_fits(context, large, kernels::plain_md(large.src)));
  EXPECT_TRUE(fused::packed_linear_fits(
      context, large, kernels::activation_md(large.src, memory::data_type::f32, kernels::Layout::nhwc)));
  EXPECT_FALSE(fused::packed_linear_fits(
      context, large, kernels::activation_md(large.src, memory::data_type::f32, kernels::Layout::blocked)));
  EXPECT_FALSE(
      fused::packed_linear_fits(context, large, kernels::plain_md(large.src, memory::data_type::bf16)));
  EXPECT_FALSE(fused::packed_linear_fits(context, small, kernels::plain_md(small.src)));
}

}  // namespace
}  // namespace dsx

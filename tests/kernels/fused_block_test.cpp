// The fused kernel against the definitions of convolution, ReLU and downsampling: exactly, on integers, for
// shapes whose rows end in the middle of a vector, any number of channels and threads.
#include "kernels/fused/fused_block.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include <array>

#include "kernels/base/error.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;

struct FusedCase {
  int batch, in_channels, out_channels, height, width, kernel;
};
void PrintTo(const FusedCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.in_channels << "x" << c.height << "x" << c.width << " -> " << c.out_channels
       << ", k" << c.kernel;
}

fused::FusedPoolMaker maker(const std::string& op) { return downsample::downsample_op(op).fused; }
bool has_fused_kernel(const downsample::DownsampleOp& op) { return op.fused != nullptr; }

class FusedBlock : public testing::TestWithParam<std::tuple<std::string, FusedCase, int, bool>> {};

TEST_P(FusedBlock, EqualsItsDefinitionExactlyOnIntegers) {
  const auto& [name, c, threads, may_be_nhwc] = GetParam();
  const auto& op = downsample::downsample_op(name);
  kernels::set_threads(threads);
  const kernels::Context context;
  auto shape =
      kernels::conv_shape({c.batch, c.in_channels, c.height, c.width}, c.out_channels, c.kernel, 1, 0);
  if (op.conv_stride == 2) {
    shape = kernels::conv_shape(shape.src, c.out_channels, c.kernel, 2, 0);
    shape.padding_r = -(c.height % 2 == 0 ? 0 : 1);
    shape.dst[2] = (c.height - c.kernel + 1) / 2;
    shape.dst[3] = (c.width - c.kernel + 1) / 2;
  }
  const auto pool = fused::fused_pool_for(context, shape, op.fused);
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  ASSERT_TRUE(pool.has_value());
  const auto kernel = fused::fused_block_forward(context, "block", shape, {*pool, true, may_be_nhwc});
  EXPECT_THAT(kernel.impl, testing::StartsWith("ours:"));

  const auto x = array_of(
      shape.src, integers(static_cast<std::size_t>(c.batch) * c.in_channels * c.height * c.width, 1));
  const auto weights =
      array_of(shape.weights,
               integers(static_cast<std::size_t>(c.out_channels) * c.in_channels * c.kernel * c.kernel, 2));
  const auto bias = integers(static_cast<std::size_t>(c.out_channels), 3);
  auto expected = relu(conv(x, weights, bias, shape.stride, 0, static_cast<int>(shape.dst[2]),
                            static_cast<int>(shape.dst[3])));
  expected = downsampled(op, expected);
  const auto got = run_kernel(context, kernel,
                              {{DNNL_ARG_SRC, x.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_BIAS, bias}});
  const double largest = *std::max_element(expected.v.begin(), expected.v.end());
  expect_near(got.at(DNNL_ARG_DST), expected.v, tolerance(op, largest), kernel.impl);
  kernels::set_threads(omp_get_num_procs());
}

const auto kBlockName = [](const auto& tested) {
  const auto& [op, c, threads, may_be_nhwc] = tested.param;
  return test_name(op + "_" + testing::PrintToString(c) + "_threads" + std::to_string(threads) +
                   (may_be_nhwc ? "_nhwc_allowed" : ""));
};
INSTANTIATE_TEST_SUITE_P(
    OperatorsShapesThreads, FusedBlock,
    testing::Combine(testing::ValuesIn(operator_names(&has_fused_kernel)),
                     testing::Values(FusedCase{1, 1, 6, 72, 72, 5}, FusedCase{3, 6, 16, 70, 70, 5},
                                     FusedCase{2, 3, 5, 69, 75, 3}, FusedCase{2, 2, 7, 9, 91, 4},
                                     FusedCase{1, 1, 1, 71, 71, 1}, FusedCase{2, 4, 12, 80, 68, 2},
                                     FusedCase{1, 3, 16, 11, 79, 3}, FusedCase{2, 2, 32, 74, 69, 5},
                                     FusedCase{5, 1, 16, 44, 158, 5}),
                     testing::Values(1, 2, 3), testing::Bool()),
    kBlockName);

// What the threads before left in the scratchpad, or in another number of threads' shares, must not show.
TEST(FusedBlock, GivesTheSameBitsForAnyNumberOfThreads) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  auto shape = kernels::conv_shape({3, 2, 77, 90}, 16, 5, 2, 0);
  const auto values = [](std::size_t count, unsigned seed) {
    auto v = integers(count, seed);
    for (auto& value : v) value *= 0.1;
    return v;
  };
  std::vector<double> first;
  for (const int threads : {1, 2, 3, 7}) {
    for (const bool nhwc : {false, true}) {
      kernels::set_threads(threads);
      const auto kernel =
          fused::fused_block_forward(context, "block", shape, {fused::unpooled_stride2(), true, nhwc});
      const auto got = run_kernel(context, kernel,
                                  {{DNNL_ARG_SRC, values(3 * 2 * 77 * 90, 1)},
                                   {DNNL_ARG_WEIGHTS, values(16 * 2 * 25, 2)},
                                   {DNNL_ARG_BIAS, values(16, 3)}})
                           .at(DNNL_ARG_DST);
      if (first.empty()) first = got;
      expect_equal(got, first, fmt::format("{} threads, {}", threads, kernel.impl));
    }
  }
  kernels::set_threads(omp_get_num_procs());
}

// What the next step reads first is asked for by each thread, and only fetched: an address that nobody may
// read does no harm.
TEST(FusedBlock, BringsAheadWithoutChangingItsResult) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  kernels::set_threads(2);
  for (const auto& name : operator_names(&has_fused_kernel)) {
    const auto& op = downsample::downsample_op(name);
    const auto shape = kernels::conv_shape({1, 2, 44, 90}, 16, 5, op.conv_stride, 0);
    const auto pool = op.fused();
    const auto kernel = fused::fused_block_forward(context, "block", shape, {pool, true, true});
    const auto run = [&] {
      return run_kernel(context, kernel,
                        {{DNNL_ARG_SRC, integers(2 * 44 * 90, 1)},
                         {DNNL_ARG_WEIGHTS, integers(16 * 2 * 25, 2)},
                         {DNNL_ARG_BIAS, integers(16, 3)}})
          .at(DNNL_ARG_DST);
    };
    const auto alone = run();
    std::array<int, 2> asked{};
    const bool by_channels = kernel.impl.find("channels") != std::string::npos;
    ASSERT_EQ(static_cast<bool>(kernel.bring_ahead), by_channels);
    if (!by_channels) GTEST_SKIP() << "vectors of fewer than 8 floats: " << kernel.impl;
    kernel.bring_ahead([&](int thread) {
      ++asked.at(static_cast<std::size_t>(thread));
      return kernels::Stretch{reinterpret_cast<const void*>(4096), 1 << 20};
    });
    expect_equal(run(), alone, kernel.impl);
    EXPECT_THAT(asked, testing::Each(1));
  }
  kernels::set_threads(omp_get_num_procs());
}

TEST(FusedBlock, DoesAConvolutionWithNothingAfterIt) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  const auto shape = kernels::conv_shape({2, 3, 21, 71}, 16, 5, 1, 0);
  const auto x = array_of(shape.src, integers(2 * 3 * 21 * 71, 1));
  const auto weights = array_of(shape.weights, integers(16 * 3 * 25, 2));
  const auto bias = integers(16, 3);
  const auto expected = relu(conv(x, weights, bias, 1, 0, 17, 67));
  for (const bool nhwc : {false, true}) {
    const auto kernel = fused::fused_block_forward(context, "conv", shape, {fused::unpooled(), true, nhwc});
    const auto got = run_kernel(context, kernel,
                                {{DNNL_ARG_SRC, x.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_BIAS, bias}});
    expect_equal(got.at(DNNL_ARG_DST), expected.v, kernel.impl);
  }
}

TEST(FusedBlock, RoundsWeightsAsBf16Does) {
  kernels::Context context;
  context.dtype = dnnl::memory::data_type::bf16;
  const auto shape = kernels::conv_shape({1, 1, 40, 64}, 16, 3, 1, 0);
  const auto pool = fused::fused_pool_for(context, shape, maker("maxpool"));
  if (!pool) GTEST_SKIP() << "no vectors of a fixed length, or oneDNN has AMX";
  // 1 + 2^-8 lies between two bf16 numbers, 1 and 1 + 2^-7: to the even one, 1.
  const auto kernel = fused::fused_block_forward(context, "block", shape, {*pool, false, true});
  std::vector<double> ones(40 * 64, 1.0), weights(16 * 9, 0.0);
  for (std::size_t o = 0; o < 16; ++o) weights[o * 9] = 1.00390625;
  const auto got = run_kernel(context, kernel, {{DNNL_ARG_SRC, ones}, {DNNL_ARG_WEIGHTS, weights}});
  for (const double value : got.at(DNNL_ARG_DST)) ASSERT_EQ(value, 1.0);
}

TEST(FusedBlock, RefusesToRunBeforeItsWeightsArePacked) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const kernels::Context context;
  const auto kernel = fused::fused_block_forward(
      context, "conv1", kernels::conv_shape({1, 1, 40, 64}, 6, 3, 1, 0), {maker("maxpool")(), false, false});
  EXPECT_THROW(kernel.native({}), std::logic_error);
}

TEST(FusedPoolFor, LeavesToTheOthersWhatItCannotDo) {
  const kernels::Context context;
  const auto shape = kernels::conv_shape({1, 1, 80, 80}, 6, 5, 1, 0);
  EXPECT_FALSE(fused::fused_pool_for(context, shape, maker("blurpool")));
  EXPECT_FALSE(fused::fused_pool_for(context, shape, maker("slice")))
      << "its point is the whole convolution's work";
  EXPECT_FALSE(
      fused::fused_pool_for(context, kernels::conv_shape({1, 1, 80, 80}, 6, 5, 1, 1), maker("maxpool")))
      << "padding";
  EXPECT_FALSE(
      fused::fused_pool_for(context, kernels::conv_shape({1, 1, 12, 12}, 6, 5, 1, 0), maker("maxpool")))
      << "narrow";
  EXPECT_FALSE(
      fused::fused_pool_for(context, kernels::conv_shape({1, 1, 80, 80}, 6, 5, 2, 0), maker("maxpool")))
      << "stride";
}

}  // namespace
}  // namespace dsx

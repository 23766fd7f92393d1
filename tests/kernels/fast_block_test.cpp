// The fast filters' kernels against the definitions of convolution, ReLU and downsampling in double
// precision, and against the direct kernel: at most 4 times its error, for shapes whose tiles and vectors end
// in the middle; what is not finite or huge is the direct kernel's business, bit by bit.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "kernels/fused/fast_block_simd.hpp"
#include "kernels/fused/fused_block.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;
using kernels::Algorithm;

struct FastCase {
  int batch, in_channels, out_channels, height, width;
};
void PrintTo(const FastCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.in_channels << "x" << c.height << "x" << c.width << " -> " << c.out_channels;
}

bool has_block(const downsample::DownsampleOp& op) { return op.fused != nullptr; }

kernels::ConvShape shape_of(const FastCase& c, int stride) {
  auto shape = kernels::conv_shape({c.batch, c.in_channels, c.height, c.width}, c.out_channels, 5, stride, 0);
  if (stride == 2) {
    shape.padding_r = -(c.height % 2 == 0 ? 0 : 1);
    shape.dst[2] = (c.height - 4) / 2;
    shape.dst[3] = (c.width - 4) / 2;
  }
  return shape;
}

kernels::Kernel block_kernel(Algorithm algorithm, const kernels::ConvShape& shape,
                             const fused::FusedPool& pool) {
  kernels::Context context;
  context.algorithm = algorithm;
  return fused::fused_block_forward(context, "block", shape, {pool, true, true});
}

struct Tensors {
  Array src, weights;
  std::vector<double> bias;
  Tensors(const kernels::ConvShape& shape, unsigned seed)
      : src(array_of(shape.src, normal_values(count_of(shape.src), seed, 1))),
        weights(array_of(shape.weights, normal_values(count_of(shape.weights), seed + 1, 0.1))),
        bias(normal_values(static_cast<std::size_t>(shape.dst[1]), seed + 2, 0.1)) {}
  std::vector<double> run(const kernels::Kernel& kernel) const {
    return run_kernel({}, kernel,
                      {{DNNL_ARG_SRC, src.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_BIAS, bias}})
        .at(DNNL_ARG_DST);
  }
};

double largest_error(const std::vector<double>& got, const std::vector<double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - expected[i]);
    EXPECT_FALSE(std::isnan(error)) << i;
    largest = std::max(largest, error);
  }
  return largest;
}

class FastBlock : public testing::TestWithParam<std::tuple<std::string, FastCase, int>> {};

TEST_P(FastBlock, ErrsAtMostFourTimesAsMuchAsTheDirectKernel) {
  const auto& [name, c, threads] = GetParam();
  const auto& op = downsample::downsample_op(name);
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const bool by_channels = c.out_channels % 16 == 0;
  if (!by_channels && op.conv_stride == 2) GTEST_SKIP() << "stride 2 with few channels is direct";
  kernels::set_threads(threads);
  const auto shape = shape_of(c, op.conv_stride);
  const auto pool = op.fused();
  const auto direct = block_kernel(Algorithm::direct, shape, pool);
  const auto fast = block_kernel(Algorithm::fast, shape, pool);
  ASSERT_THAT(direct.impl, testing::StartsWith(by_channels ? "ours:channels" : "ours:rows"));
  ASSERT_THAT(fast.impl, testing::StartsWith(by_channels ? "ours:fast:channels" : "ours:fast:rows"));
  const Tensors tensors(shape, 11);
  auto expected = relu(conv(tensors.src, tensors.weights, tensors.bias, shape.stride, 0,
                            static_cast<int>(shape.dst[2]), static_cast<int>(shape.dst[3])));
  expected = downsampled(op, expected);
  const double by_direct = largest_error(tensors.run(direct), expected.v);
  EXPECT_LE(largest_error(tensors.run(fast), expected.v), 4 * by_direct) << fast.impl;
  EXPECT_EQ(fast.cost.flop, direct.cost.flop);
  EXPECT_EQ(direct.cost.saved_flop, 0);
  kernels::set_threads(omp_get_num_procs());
}

const auto kFastName = [](const auto& tested) {
  const auto& [op, c, threads] = tested.param;
  return test_name(op + "_" + testing::PrintToString(c) + "_threads" + std::to_string(threads));
};
INSTANTIATE_TEST_SUITE_P(
    OperatorsShapesThreads, FastBlock,
    testing::Combine(testing::ValuesIn(operator_names(&has_block)),
                     testing::Values(FastCase{2, 6, 16, 158, 158},  // the study's block 2
                                     FastCase{1, 1, 16, 113, 105}, FastCase{3, 3, 32, 106, 108},
                                     FastCase{2, 5, 48, 19, 121}, FastCase{1, 2, 16, 8, 142},
                                     FastCase{5, 1, 16, 9, 175}, FastCase{32, 2, 16, 20, 104},
                                     FastCase{2, 1, 6, 320, 320},  // the study's block 1
                                     FastCase{3, 3, 5, 31, 87}, FastCase{1, 1, 1, 9, 101},
                                     FastCase{32, 2, 6, 18, 90}),
                     testing::Values(1, 2, 7)),
    kFastName);

TEST(FastBlock, GivesTheSameBitsForAnyNumberOfThreads) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  for (const auto& name : operator_names(&has_block)) {
    const auto& op = downsample::downsample_op(name);
    for (const int out_channels : {16, 6}) {
      const auto shape = shape_of({3, 2, out_channels, 77, 115}, op.conv_stride);
      const Tensors tensors(shape, 5);
      std::vector<double> first;
      for (const int threads : {1, 2, 3, 7, 40}) {
        kernels::set_threads(threads);
        const auto got = tensors.run(block_kernel(Algorithm::fast, shape, op.fused()));
        if (first.empty()) first = got;
        expect_equal(got, first, fmt::format("{}, {} channels, {} threads", name, out_channels, threads));
      }
    }
  }
  kernels::set_threads(omp_get_num_procs());
}

bool same_value(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// In row 20 of the source: what is not finite or huge is seen where the direct kernel shows it and nowhere
// else; the rows that do not read it are as without it.
void expect_direct_where_not_finite(int out_channels) {
  const double inf = std::numeric_limits<double>::infinity();
  kernels::set_threads(1);
  for (const auto& name : operator_names(&has_block)) {
    const auto& op = downsample::downsample_op(name);
    if (out_channels % 16 != 0 && op.conv_stride == 2) continue;  // has no fast kernel
    const auto shape = shape_of({1, 2, out_channels, 48, 110}, op.conv_stride);
    const auto pool = op.fused();
    const auto direct = block_kernel(Algorithm::direct, shape, pool);
    const auto fast = block_kernel(Algorithm::fast, shape, pool);
    Tensors tensors(shape, 21);
    const auto clean = tensors.run(fast);
    for (const double value : {std::nan(""), inf, -inf, 1e30, -1e38}) {
      for (const int column : {0, 51, 109}) {
        auto changed = tensors;
        changed.src(0, 1, 20, column) = value;
        const auto by_fast = changed.run(fast), by_direct = changed.run(direct);
        const auto rows = fused::fused_dst_dims(shape, pool)[2],
                   columns = fused::fused_dst_dims(shape, pool)[3];
        for (std::size_t i = 0; i < by_fast.size(); ++i) {
          const auto row = static_cast<dnnl::memory::dim>(i) / columns % rows;
          // Two rows of the convolution at a time read 5 + stride source rows.
          const auto first = row * pool.window / 2 * 2 * shape.stride;
          const bool reads = first <= 20 && 20 < first + 5 + shape.stride;
          ASSERT_TRUE(same_value(by_fast[i], reads ? by_direct[i] : clean[i]))
              << name << ", " << value << " in column " << column << ": value " << i << " is " << by_fast[i];
        }
      }
    }
  }
  kernels::set_threads(omp_get_num_procs());
}

TEST(FastBlock, LeavesWhatIsNotFiniteOrHugeToTheDirectKernel) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  expect_direct_where_not_finite(16);
  expect_direct_where_not_finite(6);
}

TEST(FastBlock, LeavesHugeWeightsToTheDirectKernel) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const auto& op = downsample::downsample_op("maxpool");
  const auto shape = shape_of({1, 2, 16, 30, 110}, 1);
  Tensors tensors(shape, 3);
  for (const double value : {1e20, std::numeric_limits<double>::infinity()}) {
    tensors.weights(3, 1, 2, 4) = value;
    const auto fast = tensors.run(block_kernel(Algorithm::fast, shape, op.fused()));
    const auto direct = tensors.run(block_kernel(Algorithm::direct, shape, op.fused()));
    for (std::size_t i = 0; i < fast.size(); ++i)
      ASSERT_TRUE(same_value(fast[i], direct[i])) << value << ": " << i;
  }
}

TEST(FastBlock, KeepsDenormalsAsSmallAsTheyAre) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const auto& op = downsample::downsample_op("avgpool");
  const auto shape = shape_of({1, 1, 16, 30, 110}, 1);
  Tensors tensors(shape, 3);
  for (auto& x : tensors.src.v) x *= 1e-40;
  for (auto& b : tensors.bias) b = 0;
  const auto got = tensors.run(block_kernel(Algorithm::fast, shape, op.fused()));
  const auto direct = tensors.run(block_kernel(Algorithm::direct, shape, op.fused()));
  EXPECT_LE(largest_error(got, direct), 1e-42);  // some hundred of the smallest numbers above 0
}

// 1 of 7 columns of a tile beyond the row: what lies behind an image's last row must not be read.
TEST(FastBlock, ReadsNothingBehindItsSource) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const auto& op = downsample::downsample_op("maxpool");
  const auto shape = shape_of({2, 1, 16, 12, 107}, 1);
  Tensors tensors(shape, 3);
  for (int i = 0; i < 12 * 107; ++i) tensors.src.v[static_cast<std::size_t>(12 * 107 + i)] = std::nan("");
  const auto kernel = block_kernel(Algorithm::fast, shape, op.fused());
  const auto got = tensors.run(kernel);
  for (std::size_t i = 0; i < got.size() / 2; ++i) ASSERT_FALSE(std::isnan(got[i])) << i;
}

TEST(FastBlock, SaysHowManyOperationsItDoesWithout) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  for (const auto& [name, nominal, most] :
       {std::tuple{"maxpool", 20, 0.5}, std::tuple{"strided", 20, 0.75}}) {
    const auto& op = downsample::downsample_op(name);
    const auto shape = shape_of({2, 6, 16, 158, 158}, op.conv_stride);
    const auto kernel = block_kernel(Algorithm::fast, shape, op.fused());
    EXPECT_GT(kernel.cost.saved_flop, 0);
    // Products alone: 8 (11) for each 20, of 39 (20) tiles of 4 columns for 154 (77).
    const double tiles = std::ceil(static_cast<double>(shape.dst[3]) / 4);
    const double products = kernels::conv_flop(shape) / static_cast<double>(shape.dst[3]) * tiles * 4 *
                            (op.conv_stride == 1 ? 8 : 11) / nominal;
    EXPECT_GT(kernel.cost.executed_flop(), products);
    EXPECT_LT(kernel.cost.executed_flop(), most * kernel.cost.flop);
  }
}

TEST(FastBlock, AutoTakesItWhereItDoesWithoutAQuarter) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const auto pool = downsample::downsample_op("maxpool").fused();
  for (const auto& c : {FastCase{2, 6, 16, 158, 158}, FastCase{2, 1, 6, 320, 320}}) {
    const auto kernel = block_kernel(Algorithm::automatic, shape_of(c, 1), pool);
    EXPECT_THAT(kernel.impl, testing::StartsWith("ours:fast"));
    EXPECT_LE(kernel.cost.executed_flop(), 0.76 * kernel.cost.flop);
  }
  // One output channel: the source's transform is shared by no other.
  const FastCase one{1, 1, 1, 10, 45};
  EXPECT_THAT(block_kernel(Algorithm::fast, shape_of(one, 1), pool).impl, testing::StartsWith("ours:fast"));
  EXPECT_THAT(block_kernel(Algorithm::automatic, shape_of(one, 1), pool).impl,
              testing::StartsWith("ours:rows"));
}

TEST(FastBlock, LeavesOtherShapesToTheDirectKernel) {
  const auto pool = downsample::downsample_op("maxpool").fused();
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  auto three = kernels::conv_shape({1, 2, 60, 110}, 16, 3, 1, 0);
  EXPECT_THAT(block_kernel(Algorithm::fast, three, pool).impl, testing::Not(testing::HasSubstr("fast")));
  const auto few = kernels::conv_shape({1, 2, 61, 111}, 5, 5, 2, 0);
  EXPECT_THAT(block_kernel(Algorithm::fast, few, fused::unpooled_stride2()).impl,
              testing::Not(testing::HasSubstr("fast")));
  kernels::Context context;
  context.algorithm = Algorithm::fast;
  const auto nchw =
      fused::fused_block_forward(context, "block", shape_of({1, 2, 16, 60, 110}, 1), {pool, true, false});
  EXPECT_THAT(nchw.impl, testing::StartsWith("ours:fast:rows")) << "dst is wanted in nchw";
}

}  // namespace
}  // namespace dsx

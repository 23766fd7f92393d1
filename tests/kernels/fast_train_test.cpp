// The fast filters' training kernels against convolution, ReLU, downsampling and their gradients in double
// precision, and against the direct kernels: at most 4 times their error, for shapes whose tiles, vectors and
// strips end in the middle; what is not finite or huge is the direct kernels' business.
#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "kernels/fused/fused_train.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;
using kernels::Algorithm;

struct FastTrainCase {
  int batch, in_channels, out_channels, height, width;
};
void PrintTo(const FastTrainCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.in_channels << "x" << c.height << "x" << c.width << " -> " << c.out_channels;
}

bool pools(const downsample::DownsampleOp& op) { return op.fused != nullptr && op.conv_stride == 1; }

// A block, its tensors, and what training makes of them.
struct TrainedBlock {
  const downsample::DownsampleOp& op;
  kernels::ConvShape shape;
  fused::FusedPool pool;
  Array src, weights;
  std::vector<double> bias, diff_dst;

  TrainedBlock(const std::string& name, const FastTrainCase& c)
      : op(downsample::downsample_op(name)),
        shape(kernels::conv_shape({c.batch, c.in_channels, c.height, c.width}, c.out_channels, 5, 1, 0)),
        pool(op.fused()),
        src(array_of(shape.src, normal_values(count_of(shape.src), 1, 1))),
        weights(array_of(shape.weights, normal_values(count_of(shape.weights), 2, 0.1))),
        bias(normal_values(static_cast<std::size_t>(c.out_channels), 3, 0.1)),
        diff_dst(normal_values(count_of(fused::fused_dst_dims(shape, pool)), 4, 1)) {}

  struct Results {
    Values forward, backward;
    std::string forward_impl, backward_impl;
  };
  Results run(Algorithm algorithm, bool diff_src) const {
    kernels::Context context;
    context.algorithm = algorithm;
    const auto forward = fused::fused_block_forward_training(context, "block", shape, pool, true);
    const auto backward = fused::fused_block_backward(context, "block", shape, pool, true, diff_src);
    Results results{{}, {}, forward.impl, backward.impl};
    kernels::Arguments carry;
    results.forward =
        run_kernel(context, forward,
                   {{DNNL_ARG_SRC, src.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_BIAS, bias}}, &carry);
    results.backward = run_kernel(
        context, backward,
        {{DNNL_ARG_SRC, src.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_DIFF_DST, diff_dst}}, &carry);
    return results;
  }
  Results expected() const {
    const auto convolved =
        conv(src, weights, bias, 1, 0, static_cast<int>(shape.dst[2]), static_cast<int>(shape.dst[3]));
    const auto result = downsampled(op, relu(convolved));
    auto gradient = result;
    gradient.v = diff_dst;
    auto conv_gradient = downsample_backward(op, relu(convolved), gradient);
    for (std::size_t i = 0; i < conv_gradient.v.size(); ++i)
      if (convolved.v[i] <= 0) conv_gradient.v[i] = 0;
    const auto sums = conv_backward(src, weights, conv_gradient, 1, 0);
    return {{{DNNL_ARG_DST, result.v}},
            {{DNNL_ARG_DIFF_WEIGHTS, sums.weights.v},
             {DNNL_ARG_DIFF_BIAS, sums.bias},
             {DNNL_ARG_DIFF_SRC, sums.src.v}},
            "",
            ""};
  }
};

// Root of the mean square: the largest of some thousand errors says more of the values than of the kernel.
double typical_error(const std::vector<double>& got, const std::vector<double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  double squares = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_FALSE(std::isnan(got[i])) << i;
    squares += (got[i] - expected[i]) * (got[i] - expected[i]);
  }
  return std::sqrt(squares / static_cast<double>(got.size()));
}

class FastTraining : public testing::TestWithParam<std::tuple<std::string, FastTrainCase, int>> {
 protected:
  void SetUp() override {
    if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  }
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }
};

TEST_P(FastTraining, ErrsAtMostFourTimesAsMuchAsTheDirectKernels) {
  const auto& [name, c, threads] = GetParam();
  kernels::set_threads(threads);
  const TrainedBlock block(name, c);
  const bool diff_src = c.in_channels % 2 == 0;
  const auto expected = block.expected(), direct = block.run(Algorithm::direct, diff_src),
             fast = block.run(Algorithm::fast, diff_src);
  EXPECT_THAT(direct.forward_impl, testing::Not(testing::HasSubstr("fast")));
  EXPECT_THAT(fast.forward_impl, testing::StartsWith("ours:fast"));
  EXPECT_THAT(fast.backward_impl, testing::StartsWith("ours:fast"));
  // What an operator keeps as values it divides by: a root near 0 enlarges the error of the sum below it.
  const double allowed = block.pool.kept_words > 1 ? 8 : 4;
  const auto compare = [&](const Values& exact, const Values& by_direct, const Values& by_fast) {
    for (const auto& [argument, values] : by_fast) {
      if (exact.count(argument) == 0) continue;  // the workspace
      const auto& sought = exact.at(argument);
      // Where few products make a value the direct kernel's error is less than one rounding: eight are
      // allowed.
      const double rounding = std::numeric_limits<float>::epsilon() *
                              typical_error(sought, std::vector<double>(sought.size(), 0.0));
      EXPECT_LE(typical_error(values, sought),
                std::max(allowed * typical_error(by_direct.at(argument), sought), 8 * rounding))
          << "argument " << argument;
    }
  };
  compare(expected.forward, direct.forward, fast.forward);
  compare(expected.backward, direct.backward, fast.backward);
  EXPECT_EQ(fast.backward.count(DNNL_ARG_DIFF_SRC), diff_src ? 1U : 0U);
}

const auto kFastTrainingName = [](const auto& tested) {
  const auto& [op, c, threads] = tested.param;
  return test_name(op + "_" + testing::PrintToString(c) + "_threads" + std::to_string(threads));
};
INSTANTIATE_TEST_SUITE_P(
    OperatorsShapesThreads, FastTraining,
    testing::Combine(testing::ValuesIn(operator_names(&pools)),
                     testing::Values(FastTrainCase{2, 6, 16, 158, 158},  // the study's block 2
                                     FastTrainCase{1, 1, 6, 320, 320},   // the study's block 1
                                     FastTrainCase{3, 2, 4, 39, 80}, FastTrainCase{2, 3, 2, 9, 101},
                                     FastTrainCase{1, 4, 8, 17, 69}, FastTrainCase{2, 2, 2, 30, 327}),
                     testing::Values(1, 3)),
    kFastTrainingName);

TEST(FastTrain, GivesTheSameBitsForAnyNumberOfThreads) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  const TrainedBlock block("avgpool", {5, 2, 6, 43, 85});
  TrainedBlock::Results first;
  for (const int threads : {1, 2, 5, 40}) {
    kernels::set_threads(threads);
    auto got = block.run(Algorithm::fast, true);
    if (threads == 1) first = got;
    for (const auto& [argument, values] : got.backward)
      expect_equal(values, first.backward.at(argument), std::to_string(threads) + " threads");
  }
  kernels::set_threads(omp_get_num_procs());
}

// As many of each kind, at the same places, and where they are finite within what rounding explains.
void expect_like(const std::vector<double>& got, const std::vector<double>& direct, const std::string& what) {
  ASSERT_EQ(got.size(), direct.size());
  double most = 0;
  for (const double v : direct)
    if (std::isfinite(v)) most = std::max(most, std::abs(v));
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(std::isfinite(got[i]), std::isfinite(direct[i])) << what << " " << i;
    if (std::isfinite(direct[i])) {
      ASSERT_NEAR(got[i], direct[i], 1e-5 * most) << what << " " << i;
    }
  }
}

TEST(FastTrain, LeavesWhatIsNotFiniteOrHugeToTheDirectKernels) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  kernels::set_threads(1);
  const double inf = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), inf, -1e30}) {
    for (const bool in_source : {true, false}) {
      TrainedBlock block("avgpool", {1, 2, 4, 48, 110});
      if (in_source) {
        block.src(0, 1, 20, 51) = value;
      } else {
        block.diff_dst[300] = value;
      }
      const auto fast = block.run(Algorithm::fast, true), direct = block.run(Algorithm::direct, true);
      const std::string what =
          std::to_string(value) + (in_source ? " in the source, " : " in the gradient, ");
      expect_like(fast.forward.at(DNNL_ARG_DST), direct.forward.at(DNNL_ARG_DST), what + "forward");
      for (const int argument : {DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_SRC})
        expect_like(fast.backward.at(argument), direct.backward.at(argument),
                    what + std::to_string(argument));
    }
  }
  TrainedBlock block("maxpool", {1, 2, 4, 30, 110});
  block.weights(3, 1, 2, 4) = inf;
  const auto fast = block.run(Algorithm::fast, true), direct = block.run(Algorithm::direct, true);
  expect_like(fast.forward.at(DNNL_ARG_DST), direct.forward.at(DNNL_ARG_DST), "infinite weight, forward");
  expect_like(fast.backward.at(DNNL_ARG_DIFF_SRC), direct.backward.at(DNNL_ARG_DIFF_SRC), "infinite weight");
  kernels::set_threads(omp_get_num_procs());
}

TEST(FastTrain, SaysHowManyOperationsItDoesWithoutAndAutoDecidesByThem) {
  if (fused::fused_block_lanes() < 8) GTEST_SKIP() << "vectors of fewer than 8 floats";
  kernels::Context context;
  for (const auto algorithm : {Algorithm::direct, Algorithm::fast, Algorithm::automatic}) {
    context.algorithm = algorithm;
    const TrainedBlock block("maxpool", {2, 6, 16, 158, 158});
    const auto forward = fused::fused_block_forward_training(context, "block", block.shape, block.pool, true),
               backward = fused::fused_block_backward(context, "block", block.shape, block.pool, true, true);
    for (const auto* cost : {&forward.cost, &backward.cost}) {
      if (algorithm == Algorithm::direct) {
        EXPECT_EQ(cost->saved_flop, 0);
      } else {  // 8 products for 20, and the transforms
        EXPECT_GT(cost->executed_flop(), 0.4 * cost->flop);
        EXPECT_LT(cost->executed_flop(), 0.55 * cost->flop);
      }
    }
  }
  // Four rows of two channels: eight rows of the source are transformed for them.
  context.algorithm = Algorithm::automatic;
  const TrainedBlock narrow("maxpool", {1, 1, 2, 8, 45});
  EXPECT_THAT(fused::fused_block_forward_training(context, "block", narrow.shape, narrow.pool, true).impl,
              testing::Not(testing::HasSubstr("fast")));
}

}  // namespace
}  // namespace dsx

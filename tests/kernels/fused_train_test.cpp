// The training kernels against the definitions of convolution, ReLU, downsampling and their gradients:
// exactly, on integers (with ties among maxima), for shapes whose rows end in the middle of a vector, and for
// every number of threads.
#include "kernels/fused/fused_train.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include "kernels/fused/fused_linear.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using namespace reference;

struct BlockCase {
  int batch, in_channels, out_channels, height, width, kernel;
};
void PrintTo(const BlockCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.in_channels << "x" << c.height << "x" << c.width << " -> " << c.out_channels
       << ", k" << c.kernel;
}

fused::FusedPoolMaker training_maker(const std::string& op) { return downsample::downsample_op(op).fused; }

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

class FusedTraining : public testing::TestWithParam<std::tuple<std::string, BlockCase, int>> {
 protected:
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }

  static kernels::ConvShape shape_of(const downsample::DownsampleOp& op, const BlockCase& c) {
    const memory_dims src{c.batch, c.in_channels, c.height, c.width};
    const int stride = op.conv_stride;
    auto shape = kernels::conv_shape(src, c.out_channels, c.kernel, 1, 0);
    if (stride == 1) return shape;
    shape.stride = 2;
    shape.dst[2] = (c.height - c.kernel + 1) / 2;
    shape.dst[3] = (c.width - c.kernel + 1) / 2;
    return shape;
  }
  using memory_dims = dnnl::memory::dims;
};

TEST_P(FusedTraining, EqualsTheDefinitionsExactlyOnIntegers) {
  const auto& [name, c, threads] = GetParam();
  const auto& op = downsample::downsample_op(name);
  kernels::set_threads(threads);
  const kernels::Context context;
  const auto shape = shape_of(op, c);
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const auto fused = fused::fused_train_pool_for(context, shape, op.fused);
  ASSERT_TRUE(fused.has_value());

  const auto x = array_of(shape.src, integers(count_of(shape.src), 1));
  const auto weights = array_of(shape.weights, integers(count_of(shape.weights), 2));
  const auto bias = integers(static_cast<std::size_t>(c.out_channels), 3);
  const auto convolved =
      conv(x, weights, bias, shape.stride, 0, static_cast<int>(shape.dst[2]), static_cast<int>(shape.dst[3]));
  const auto result = downsampled(op, relu(convolved));

  kernels::Arguments carry;
  const auto forward =
      run_kernel(context, fused::fused_block_forward_training(context, "block", shape, *fused, true),
                 {{DNNL_ARG_SRC, x.v}, {DNNL_ARG_WEIGHTS, weights.v}, {DNNL_ARG_BIAS, bias}}, &carry);
  expect_near(forward.at(DNNL_ARG_DST), result.v, tolerance(op, largest(result.v)), name + " forward");

  auto gradient = result;
  gradient.v = integers(result.v.size(), 4);
  auto conv_gradient = downsample_backward(op, relu(convolved), gradient);
  for (std::size_t i = 0; i < conv_gradient.v.size(); ++i) {
    if (convolved.v[i] <= 0) conv_gradient.v[i] = 0;
  }
  const auto expected = conv_backward(x, weights, conv_gradient, shape.stride, 0);
  // Sums of thousands of values that are rounded, where they are, one by one.
  const auto slack = [&](const std::vector<double>& sums) { return tolerance(op, 64 * largest(sums)); };
  for (const bool diff_src : {true, false}) {
    const auto got =
        run_kernel(context, fused::fused_block_backward(context, "block", shape, *fused, true, diff_src),
                   {{DNNL_ARG_SRC, x.v},
                    {DNNL_ARG_WEIGHTS, weights.v},
                    {DNNL_ARG_DST, result.v},
                    {DNNL_ARG_DIFF_DST, gradient.v}},
                   &carry);
    expect_near(got.at(DNNL_ARG_DIFF_WEIGHTS), expected.weights.v, slack(expected.weights.v),
                name + " gradient of the weights");
    expect_near(got.at(DNNL_ARG_DIFF_BIAS), expected.bias, slack(expected.bias),
                name + " gradient of the bias");
    ASSERT_EQ(got.count(DNNL_ARG_DIFF_SRC), diff_src ? 1U : 0U);
    if (diff_src)
      expect_near(got.at(DNNL_ARG_DIFF_SRC), expected.src.v, slack(expected.src.v),
                  name + " gradient of the source");
  }
}

const auto kTrainingName = [](const auto& tested) {
  const auto& [op, c, threads] = tested.param;
  return test_name(op + "_" + testing::PrintToString(c) + "_threads" + std::to_string(threads));
};
INSTANTIATE_TEST_SUITE_P(
    OperatorsShapesThreads, FusedTraining,
    testing::Combine(testing::ValuesIn(operator_names([](const downsample::DownsampleOp& op) {
                       return op.fused != nullptr;
                     })),
                     testing::Values(BlockCase{1, 1, 6, 72, 72, 5}, BlockCase{3, 6, 16, 70, 70, 5},
                                     BlockCase{2, 3, 5, 39, 80, 3}, BlockCase{2, 2, 7, 9, 92, 5},
                                     BlockCase{1, 12, 3, 81, 68, 3}),
                     testing::Values(1, 2, 3)),
    kTrainingName);

TEST(FusedTrainPoolFor, LeavesToThePrimitivesWhatItCannotDo) {
  const kernels::Context context;
  EXPECT_FALSE(fused::fused_train_pool_for(context, kernels::conv_shape({1, 1, 80, 80}, 6, 5, 1, 0),
                                           training_maker("blurpool")));
  EXPECT_FALSE(fused::fused_train_pool_for(context, kernels::conv_shape({1, 1, 80, 80}, 6, 7, 1, 0),
                                           training_maker("maxpool")))
      << "7x7";
  EXPECT_FALSE(fused::fused_train_pool_for(context, kernels::conv_shape({1, 1, 7, 80}, 6, 5, 1, 0),
                                           training_maker("maxpool")))
      << "low";
}

struct LinearGradients {
  std::vector<double> source, weights, bias;
};
LinearGradients linear_gradients(const std::vector<double>& x, const std::vector<double>& weights,
                                 const std::vector<double>& dy, int batch, int out) {
  LinearGradients d{std::vector<double>(x.size()), std::vector<double>(weights.size()),
                    std::vector<double>(static_cast<std::size_t>(out))};
  const std::size_t in = x.size() / static_cast<std::size_t>(batch);
  for (int n = 0; n < batch; ++n) {
    for (int o = 0; o < out; ++o) {
      const double g = dy[static_cast<std::size_t>(n) * out + o];
      d.bias[o] += g;
      for (std::size_t i = 0; i < in; ++i) {
        d.source[n * in + i] += g * weights[o * in + i];
        d.weights[o * in + i] += g * x[n * in + i];
      }
    }
  }
  return d;
}

class FusedLinear : public testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }
};

TEST_P(FusedLinear, EqualsTheDefinitionsAndUpdatesAsTheOptimizerWould) {
  const auto& [batch, out, threads] = GetParam();
  kernels::set_threads(threads);
  const kernels::Context context;
  const auto shape = kernels::inner_product_shape({batch, 16, 17, 19}, out);
  const auto src_md = kernels::plain_md(shape.src);
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  ASSERT_TRUE(fused::fused_linear_suits(context, shape, src_md));
  const std::size_t in = 16 * 17 * 19;
  const auto x = array_of(shape.src, integers(static_cast<std::size_t>(batch) * in, 1));
  const auto weights = integers(static_cast<std::size_t>(out) * in, 2), bias = integers(out, 3);
  const auto forward = run_kernel(context, fused::fused_linear_forward(context, shape, true, true, src_md),
                                  {{DNNL_ARG_SRC, x.v}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}});
  expect_equal(forward.at(DNNL_ARG_DST), relu(linear(x, weights, bias, out)).v, "forward");

  const auto dy = integers(static_cast<std::size_t>(batch) * out, 4);
  const auto [dx, dw, db] = linear_gradients(x.v, weights, dy, batch, out);
  const auto slot = std::make_shared<kernels::UpdateSlot>();
  const auto backward = fused::fused_linear_backward(context, shape, true, src_md, slot);
  const Values inputs{{DNNL_ARG_SRC, x.v}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_DST, dy}};
  const auto got = run_kernel(context, backward, inputs);
  expect_equal(got.at(DNNL_ARG_DIFF_SRC), dx, "gradient of the source");
  expect_equal(got.at(DNNL_ARG_DIFF_WEIGHTS), dw, "gradient of the weights");
  expect_equal(got.at(DNNL_ARG_DIFF_BIAS), db, "gradient of the bias");
  EXPECT_FALSE(slot->applied);

  // Armed: the weights themselves are updated, bit for bit as sgd_update() does it, padding included.
  const auto md = fused::fused_linear_weights_md(shape);
  kernels::Step step;
  step.kernel = backward;
  for (const auto& [argument, argument_md] : backward.arguments) {
    step.arguments[argument] = backward.is_output.at(argument)
                                   ? dnnl::memory(argument_md, context.engine)
                                   : from_plain(context, inputs.at(argument), argument_md);
  }
  auto buffer = from_plain(context, integers(weights.size(), 5), md);
  auto expected_weights = from_plain(context, weights, md),
       expected_buffer = from_plain(context, integers(weights.size(), 5), md);
  const auto gradient = from_plain(context, dw, md);
  const auto floats = [](const dnnl::memory& m) { return static_cast<float*>(m.get_data_handle()); };
  *slot = {true,
           false,
           {0.01F, 0.9F, 0.001F, batch % 2 == 0},
           floats(step.arguments.at(DNNL_ARG_WEIGHTS)),
           floats(buffer)};
  for (std::size_t i = 0; i < md.get_size() / sizeof(float); ++i)
    kernels::sgd_update(slot->rule, floats(gradient)[i], floats(expected_weights)[i],
                        floats(expected_buffer)[i]);
  fill_nan(step.arguments.at(DNNL_ARG_DIFF_WEIGHTS));
  auto stream = context.stream;
  step.execute(stream);
  EXPECT_TRUE(slot->applied);
  EXPECT_EQ(std::memcmp(floats(step.arguments.at(DNNL_ARG_WEIGHTS)), floats(expected_weights), md.get_size()),
            0);
  EXPECT_EQ(std::memcmp(floats(buffer), floats(expected_buffer), md.get_size()), 0);
  expect_equal(to_plain(step.arguments.at(DNNL_ARG_DIFF_SRC)), dx,
               "gradient of the source before the update");
}

const auto kLinearName = [](const auto& tested) {
  const auto& [batch, out, threads] = tested.param;
  return "batch" + std::to_string(batch) + "_outputs" + std::to_string(out) + "_threads" +
         std::to_string(threads);
};
INSTANTIATE_TEST_SUITE_P(BatchesOutputsThreads, FusedLinear,
                         testing::Combine(testing::Values(1, 3, 32), testing::Values(5, 16, 120),
                                          testing::Values(1, 2, 3)),
                         kLinearName);

}  // namespace
}  // namespace dsx

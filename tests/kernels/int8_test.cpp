// Integer kernels against their definition in integers: scales are powers of two, so that every result is
// exact, whatever the CPU. The largest weights meet the largest activations, which a CPU without VNNI would
// saturate.
#include "kernels/onednn/int8.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include <cstdlib>
#include <filesystem>
#include <limits>

#include "kernels/onednn/int8_weighted.hpp"
#include "tests/reference/int8_values.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;
using kernels::U8Scale;

struct Int8ConvCase {
  int n, ic, h, w, oc, kernel, stride, padding;
  float shift;  // of the source, in its steps
};
void PrintTo(const Int8ConvCase& c, std::ostream* out) {
  *out << c.n << "x" << c.ic << "x" << c.h << "x" << c.w << " -> " << c.oc << ", k" << c.kernel << " s"
       << c.stride << " p" << c.padding << " shift " << c.shift;
}

class Int8Conv : public testing::TestWithParam<std::tuple<Int8ConvCase, Fill, int>> {
 protected:
  void SetUp() override {
    const auto& [c, fill, threads] = GetParam();
    omp_set_num_threads(threads);
    shape_ = kernels::conv_shape({c.n, c.ic, c.h, c.w}, c.oc, c.kernel, c.stride, c.padding);
    q_ = u8_values(count_of(shape_.src), fill, 1);
    src_ = array_of(shape_.src, q_);
    for (double& x : src_.v) x = (x - c.shift) * kSourceScale;
    weights_ = array_of(shape_.weights, weight_values(static_cast<std::size_t>(c.oc),
                                                      count_of(shape_.weights) / c.oc, fill, 2));
    bias_ = integers(static_cast<std::size_t>(c.oc), 3);
  }
  void TearDown() override { omp_set_num_threads(threads_); }

  std::vector<double> run(std::optional<float> dst, bool relu) const {
    const U8Scale src{kSourceScale, std::get<0>(GetParam()).shift * kSourceScale};
    const auto kernel = kernels::conv_forward_int8(context_, "conv", shape_,
                                                   {kernels::Pass::inference, true, relu}, {src, dst});
    return run_kernel(context_, kernel,
                      {{DNNL_ARG_SRC, q_}, {DNNL_ARG_WEIGHTS, weights_.v}, {DNNL_ARG_BIAS, bias_}})
        .at(DNNL_ARG_DST);
  }
  Array expected() const {
    return conv(src_, weights_, bias_, shape_.stride, shape_.padding_l, static_cast<int>(shape_.dst[2]),
                static_cast<int>(shape_.dst[3]));
  }

  int threads_ = omp_get_max_threads();
  kernels::Context context_ = test_context(kernels::Layout::nhwc);
  kernels::ConvShape shape_;
  std::vector<double> q_, bias_;
  Array src_, weights_;
};

TEST_P(Int8Conv, RealsEqualTheDefinition) {
  expect_equal(run(std::nullopt, false), expected().v, "f32 destination");
}

TEST_P(Int8Conv, IntegersAreTheDefinitionRounded) {
  for (const float scale : {0x1p-2F, 0x1p3F})
    expect_equal(run(scale, true), rounded(relu(expected()).v, scale), "u8 destination");
}

INSTANTIATE_TEST_SUITE_P(Shapes, Int8Conv,
                         testing::Combine(testing::Values(Int8ConvCase{1, 1, 20, 20, 6, 5, 1, 0, 0},
                                                          Int8ConvCase{3, 1, 21, 19, 6, 5, 2, 0, 0.5F},
                                                          Int8ConvCase{2, 6, 17, 18, 16, 5, 1, 0, 0},
                                                          Int8ConvCase{2, 6, 17, 18, 16, 5, 2, 0, 3.25F},
                                                          Int8ConvCase{1, 7, 11, 13, 17, 3, 1, 1, 5},
                                                          Int8ConvCase{2, 3, 9, 9, 5, 3, 2, 2, 124},
                                                          Int8ConvCase{1, 32, 8, 8, 40, 1, 1, 0, 0}),
                                          testing::Values(Fill::random, Fill::saturating),
                                          testing::Values(1, 3)),
                         [](const auto& tested) {
                           return "shape" + std::to_string(tested.index) + "_" +
                                  name_of_fill(std::get<1>(tested.param), std::get<2>(tested.param));
                         });

class Int8InnerProduct : public testing::TestWithParam<std::tuple<dnnl::memory::dims, Fill, int>> {};

TEST_P(Int8InnerProduct, EqualsTheDefinition) {
  const auto& [dims, fill, threads] = GetParam();
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
  const auto context = test_context(kernels::Layout::nhwc);
  for (const int outputs : {1, 12, 120}) {
    const auto shape = kernels::inner_product_shape(dims, outputs);
    const std::size_t inputs = count_of(dims) / static_cast<std::size_t>(dims[0]);
    const auto q = u8_values(count_of(dims), fill, 1);
    const auto weights = weight_values(static_cast<std::size_t>(outputs), inputs, fill, 2);
    const auto bias = integers(static_cast<std::size_t>(outputs), 3);
    const auto kernel = kernels::inner_product_forward_int8(
        context, "fc", shape, {kernels::Pass::inference, true, false},
        {.src = {kSourceScale, kSourceScale / 2}},
        kernels::activation_md(dims, dnnl::memory::data_type::u8, kernels::Layout::nhwc));
    std::vector<double> expected;
    for (dnnl::memory::dim n = 0; n < dims[0]; ++n)
      for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
        double sum = bias[o];
        for (std::size_t i = 0; i < inputs; ++i)
          sum += (q[static_cast<std::size_t>(n) * inputs + i] - 0.5) * kSourceScale * weights[o * inputs + i];
        expected.push_back(sum);
      }
    expect_equal(
        run_kernel(context, kernel, {{DNNL_ARG_SRC, q}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}})
            .at(DNNL_ARG_DST),
        expected, std::to_string(outputs) + " outputs");
  }
  omp_set_num_threads(before);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Int8InnerProduct,
    testing::Combine(testing::Values(dnnl::memory::dims{1, 16, 5, 5}, dnnl::memory::dims{5, 16, 3, 7},
                                     dnnl::memory::dims{1, 84}, dnnl::memory::dims{33, 19}),
                     testing::Values(Fill::random, Fill::saturating), testing::Values(1, 3)),
    [](const auto& tested) {
      return "shape" + std::to_string(tested.index) + "_" +
             name_of_fill(std::get<1>(tested.param), std::get<2>(tested.param));
    });

class Int8Operator : public testing::TestWithParam<std::tuple<std::string, kernels::Layout, int>> {};

TEST_P(Int8Operator, IsItsDefinitionRounded) {
  const auto& [name, layout, size] = GetParam();
  const auto& op = downsample::downsample_op(name);
  const auto context = test_context(layout);
  const dnnl::memory::dims dims{2, 6, size, size};
  const auto src = array_of(dims, u8_values(count_of(dims), Fill::random, 1));
  auto current = src.v;
  const auto md = kernels::activation_md(dims, dnnl::memory::data_type::u8, layout);
  for (const auto& stage : op.build(context, "pool1", md, false)) {
    kernels::Arguments none;
    current = run_kernel(context, stage.forward, {{DNNL_ARG_SRC, current}}, &none, stage.forward_constants)
                  .at(DNNL_ARG_DST);
  }
  expect_equal(current, rounded(downsampled(op, src).v, 1), name);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Int8Operator,
    testing::Combine(testing::ValuesIn(operator_names([](const downsample::DownsampleOp& op) {
                       return op.on_u8;
                     })),
                     testing::Values(kernels::Layout::nhwc, kernels::Layout::nchw, kernels::Layout::blocked),
                     testing::Values(12, 13)),
    [](const auto& tested) {
      return std::get<0>(tested.param) + "_" + kernels::to_string(std::get<1>(tested.param)) + "_" +
             std::to_string(std::get<2>(tested.param));
    });

TEST(Int8Quantize, RoundsTiesToEvenAndStaysInside) {
  const auto context = test_context(kernels::Layout::nhwc);
  const std::vector<double> reals{0, 0.24, 0.25, 0.26, 0.75, -5, 127.5, 127.75, 500, -0.5, 1e30};
  const std::vector<double> integers{1, 1, 2, 2, 2, 0, 255, 255, 255, 0, 255};
  const auto md = kernels::plain_md({static_cast<dnnl::memory::dim>(reals.size())});
  const auto kernel = kernels::quantize(context, md, {0.5F, 0.5F});
  expect_equal(run_kernel(context, kernel, {{DNNL_ARG_SRC, reals}}).at(DNNL_ARG_DST), integers, "integers");
}

TEST(Int8Quantize, GivesEveryPixelBackWhateverMeanAndDeviation) {
  const auto context = test_context(kernels::Layout::nhwc);
  std::vector<double> pixels(256);
  std::iota(pixels.begin(), pixels.end(), 0);
  for (const double mean : {0.0, 0.485, 0.5, 0.9})
    for (const double deviation : {0.05, 0.229, 1.0}) {
      auto reals = pixels;  // as data/loading/preprocess.cpp makes them
      for (double& x : reals)
        x = static_cast<float>(x) * static_cast<float>(1 / (255 * deviation)) +
            static_cast<float>(-mean / deviation);
      const auto kernel = kernels::quantize(
          context, kernels::plain_md({256}),
          {static_cast<float>(1 / (255 * deviation)), static_cast<float>(mean / deviation)});
      expect_equal(run_kernel(context, kernel, {{DNNL_ARG_SRC, reals}}).at(DNNL_ARG_DST), pixels, "pixels");
    }
}

TEST(Int8Quantize, GoesBackByItsScale) {
  const auto context = test_context(kernels::Layout::nhwc);
  const dnnl::memory::dims dims{2, 3, 5, 7};
  const auto q = u8_values(count_of(dims), Fill::random, 4);
  auto reals = q;
  for (double& x : reals) x *= 0.125;
  const auto md = kernels::activation_md(dims, dnnl::memory::data_type::u8, kernels::Layout::nhwc);
  const auto back = kernels::dequantize(context, md, 0.125F);
  expect_equal(run_kernel(context, back, {{DNNL_ARG_SRC, q}}).at(DNNL_ARG_DST), reals, "reals");
  const auto there = kernels::quantize(context, back.arguments.at(DNNL_ARG_DST), {0.125F, 0});
  expect_equal(run_kernel(context, there, {{DNNL_ARG_SRC, reals}}).at(DNNL_ARG_DST), q, "integers");
}

TEST(Int8Weights, HaveTheRangeOfTheirRow) {
  const std::vector<float> weights{1, -2, 0.5F, 0, 0, 0, -3, 1, 0};
  const auto made = kernels::quantize_weights(weights, 3, 64);
  EXPECT_THAT(made.scales, testing::ElementsAre(2.F / 64, 1, 3.F / 64));
  EXPECT_THAT(made.values, testing::ElementsAre(32, -64, 16, 0, 0, 0, -64, 21, 0));
}

TEST(Int8Scale, CoversTheRangeAndZero) {
  const auto behind_relu = kernels::u8_scale(0, 51);
  EXPECT_FLOAT_EQ(behind_relu.scale, 0.2F);
  EXPECT_EQ(behind_relu.shift, 0);
  const auto negative = kernels::u8_scale(-3, -1);
  EXPECT_FLOAT_EQ(negative.scale, 3.F / 255);
  EXPECT_EQ(negative.shift, 3);
  EXPECT_EQ(kernels::u8_scale(0, 0).scale, 1);
}

// The same sums on CPUs of other instruction sets: oneDNN chooses once per process.
void run_int8_tests(const std::string& isa, const std::string& filter) {
  const std::string command = "ONEDNN_MAX_CPU_ISA=" + isa + " '" +
                              std::filesystem::read_symlink("/proc/self/exe").string() +
                              "' --gtest_brief=1 --gtest_filter='" + filter + "' > /dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(Int8Isa, SumsAreExactWithoutVnni) {
  if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr) GTEST_SKIP() << "is one of them";
  for (const std::string isa : {"AVX2", "AVX512_CORE"}) run_int8_tests(isa, "*Int8*");
}

TEST(Int8Isa, SumsAreExactWithTheVnniOfAvx2) {
  if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr) GTEST_SKIP() << "is one of them";
  if (!kernels::has_isa(dnnl::cpu_isa::avx2_vnni)) GTEST_SKIP() << "this CPU has none";
  run_int8_tests("AVX2_VNNI", "*Int8*:-*WeightsKeepToSevenBits*");
}

TEST(Int8Isa, WeightsKeepToSevenBitsWithoutVnni) {
  const char* isa = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (isa == nullptr) GTEST_SKIP() << "SumsAreExactWithoutVnni runs it";
  EXPECT_EQ(kernels::weight_limit(), 64) << isa;
}

}  // namespace
}  // namespace dsx

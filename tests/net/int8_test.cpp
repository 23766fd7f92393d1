// Int8 networks: close to their f32 selves, equal to themselves whatever the batch, the threads and the
// engine, and with every change of type as a step of its own.
#include <gmock/gmock.h>
#include <omp.h>

#include <random>

#include "kernels/base/error.hpp"
#include "kernels/downsample/power_mean.hpp"
#include "kernels/fused/int8_layer.hpp"
#include "net/calibration.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"
#include "tests/net/network_fixture.hpp"

namespace dsx {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr int kInt8Batch = 8;

constexpr float kMean = 0.485F, kDeviation = 0.229F;

// Dark and bright squares on noise, as a study prepares pixels.
std::vector<float> images_of(const std::vector<float>& labels, int size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values;
  for (const float label : labels)
    for (int i = 0; i < size; ++i)
      for (int j = 0; j < size; ++j) {
        const bool square = i > size / 4 && i < size / 2 && j > size / 4 && j < size / 2;
        const unsigned pixel = random() % 128 + (square && label > 0 ? 100 : 20);
        values.push_back((static_cast<float>(pixel) / 255 - kMean) / kDeviation);
      }
  return values;
}

struct Int8Pair {
  explicit Int8Pair(const std::string& variant, int size = 28)
      : labels{0, 1, 1, 0, 1, 0, 0, 1},
        images(images_of(labels, size, 5)),
        f32({}, small_lenet(), {variant, 1, size, size}),
        int8(int8_context(), small_lenet(), {variant, 1, size, size}) {
    f32.init(2);
    auto plan = f32.make_plan(kInt8Batch, true);
    plan.set_src(images.data.get());
    plan.set_labels(labels);
    net::OptimizerOptions sgd;
    sgd.momentum = 0.9;
    const auto optimizer = net::make_optimizer(sgd, f32.parameters());
    for (int step = 0; step < 60; ++step) net::training_step(plan, *optimizer, 0.03);
    for (const auto& p : f32.parameters().all) int8.parameters().at(p.name).set(p.get());
    net::Calibration calibration(int8, kInt8Batch);
    calibration.plan().set_src(images.data.get());
    calibration.observe();
    net::Quantization found = calibration.result();
    found.scales[net::kInputScale] = {1 / (255 * kDeviation), kMean / kDeviation};
    int8.quantize(std::move(found));
  }
  static kernels::Context int8_context() {
    kernels::Context context;
    context.dtype = dnnl::memory::data_type::u8;
    return context;
  }
  std::vector<float> logits(net::Network& network, int batch) const {
    auto plan = network.make_plan(batch, false);
    plan.set_src(images.data.get());
    for (int run = 0; run < 2; ++run) {
      plan.poison();
      plan.forward();
    }
    return {plan.logits().begin(), plan.logits().end()};
  }

  std::vector<float> labels;
  Images images;
  net::Network f32, int8;
};

std::vector<std::string> step_names(const net::Plan& plan) {
  std::vector<std::string> names;
  for (const auto& row : net::plan_rows(plan)) names.push_back(row.step);
  return names;
}

class Int8Network : public testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(Int8Network, IsCloseToF32AndTheSameForEveryBatchAndTeam) {
  const auto& [variant, size] = GetParam();
  Int8Pair network(variant, size);
  const auto real = network.logits(network.f32, kInt8Batch);
  const auto [low, high] = std::ranges::minmax(real);
  ASSERT_GT(high - low, 0.5) << "has not learnt";
  const auto quantized = network.logits(network.int8, kInt8Batch);
  for (std::size_t n = 0; n < real.size(); ++n)
    EXPECT_NEAR(quantized[n], real[n], 0.05 * (high - low)) << variant << " " << n;
  EXPECT_NE(quantized, real) << "computed in f32 after all";
  const int threads = omp_get_max_threads();
  for (const int team : {1, 2, 3}) {
    omp_set_num_threads(team);
    EXPECT_EQ(network.logits(network.int8, kInt8Batch), quantized) << team << " threads";
    EXPECT_EQ(network.logits(network.int8, 1)[0], quantized[0]) << team << " threads, batch 1";
  }
  omp_set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Table, Int8Network,
                         testing::Combine(testing::ValuesIn(operator_names()), testing::Values(28, 31)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" + std::to_string(std::get<1>(tested.param));
                         });

constexpr int kWideFeatures = 120;  // of fc1: enough for a kernel of ours, in both engines

class Int8Engines : public testing::TestWithParam<std::tuple<std::string, int>> {
 protected:
  void SetUp() override {
    if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  }
  net::Network network(bool fused) const {
    const auto& [variant, size] = GetParam();
    auto context = Int8Pair::int8_context();
    context.fused = fused;
    net::Network made(context, small_lenet(kWideFeatures), {variant, 1, size, size});
    made.init(3);
    const Images images(images_of({0, 1, 1}, size, 5));
    net::Calibration calibration(made, 3);
    calibration.plan().set_src(images.data.get());
    calibration.observe();
    made.quantize(calibration.result());
    return made;
  }
  std::vector<float> logits(net::Network& made, int batch) const {
    const Images images(
        images_of(std::vector<float>(static_cast<std::size_t>(batch), 1), std::get<1>(GetParam()), 7));
    auto plan = made.make_plan(batch, false);
    plan.set_src(images.data.get());
    for (int run = 0; run < 2; ++run) {
      plan.poison();
      plan.forward();
    }
    return {plan.logits().begin(), plan.logits().end()};
  }
};

TEST_P(Int8Engines, GiveTheSameBits) {
  auto primitives = network(false), fused = network(true);
  for (const auto& [layer, scale] : primitives.quantization()->scales)
    EXPECT_EQ(fused.quantization()->at(layer).scale, scale.scale) << layer;
  const int threads = omp_get_max_threads();
  for (const int batch : {1, 3, 8}) {
    const auto expected = logits(primitives, batch);
    for (const int team : {1, 2, 3, 4, 5}) {
      omp_set_num_threads(team);
      EXPECT_EQ(logits(fused, batch), expected) << batch << " images, " << team << " threads";
    }
    omp_set_num_threads(threads);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Int8Engines,
                         testing::Combine(testing::ValuesIn(operator_names()), testing::Values(60, 63)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" + std::to_string(std::get<1>(tested.param));
                         });

TEST(Int8Plan, FusedTakesOperatorsInAndLeavesTheRestToOneDnn) {
  if (fused::int8_isa().empty()) GTEST_SKIP() << "no int8 kernels of ours on this machine";
  auto context = Int8Pair::int8_context();
  context.fused = true;
  net::Network network(context, small_lenet(kWideFeatures), {"maxpool", 1, 60, 60});
  network.init(3);
  const Images images(images_of({0, 1}, 60, 5));
  net::Calibration calibration(network, 2);
  calibration.plan().set_src(images.data.get());
  calibration.observe();
  network.quantize(calibration.result());
  std::map<std::string, std::string> impl;
  for (const auto& row : net::plan_rows(network.make_plan(2, false))) impl[row.step] = row.impl;
  EXPECT_THAT(impl["conv1"], testing::StartsWith("ours:int8:rows:"));
  EXPECT_THAT(impl["conv2"], testing::StartsWith("ours:int8:channels:"));
  EXPECT_THAT(impl["fc1"], testing::StartsWith("ours:int8:"));
  EXPECT_THAT(impl["fc2"], Not(HasSubstr("ours")));
  EXPECT_EQ(impl.count("pool1"), 0U);
  // An operator without a form on integers is not taken in.
  const auto& fourth = downsample::power_means().at(2);
  for (const auto& row : net::plan_rows(network.make_plan_with(*fourth.op, 2)))
    if (row.step == "conv1") EXPECT_THAT(row.impl, Not(HasSubstr("ours")));
}

TEST(Int8Plan, QuantizesTheImageOnceAndStaysInIntegers) {
  Int8Pair network("maxpool");
  const auto plan = network.int8.make_plan(2, false);
  EXPECT_THAT(step_names(plan),
              testing::ElementsAre("conv1.pack", "conv2.pack", "fc1.pack", "fc2.pack", "input.quantize",
                                   "conv1", "pool1", "conv2", "pool2", "fc1", "fc2"));
}

// Any operator without a form on integers, which the power means do not have.
TEST(Int8Plan, RunsOtherOperatorsInF32BetweenStepsThatSaySo) {
  Int8Pair network("maxpool");
  const auto& fourth = downsample::power_means().at(2);
  ASSERT_FALSE(fourth.op->on_u8);
  auto plan = network.int8.make_plan_with(*fourth.op, kInt8Batch);
  const auto names = step_names(plan);
  for (const char* step : {"conv1.dequantize", "pool1.quantize", "conv2.dequantize", "pool2.quantize"})
    EXPECT_THAT(names, Contains(step));
  plan.set_src(network.images.data.get());
  plan.forward();
  auto real = network.f32.make_plan_with(*fourth.op, kInt8Batch);
  real.set_src(network.images.data.get());
  real.forward();
  for (int n = 0; n < kInt8Batch; ++n) EXPECT_NEAR(plan.logits()[n], real.logits()[n], 0.2) << n;
}

TEST(Int8Plan, LayersThatOnlyRunInF32AreBetweenReordersToo) {
  const auto spec = net::parse_network_spec(R"(
name: mixed
layers:
  - Conv2d: {name: conv1, out_channels: 6, kernel_size: 3, padding: 1}
  - BatchNorm2d: {name: bn1}
  - ReLU: {name: relu1}
  - MaxPool2d: {name: max1, kernel_size: 2}
  - Conv2d: {name: conv2, out_channels: 8, kernel_size: 3, bias: false}
  - ReLU
  - BatchNorm2d: {name: bn2}
  - Downsample: {name: pool2}
  - Flatten
  - Linear: {name: fc1, out_features: 1}
)",
                                            "mixed");
  net::Network int8(Int8Pair::int8_context(), spec, {"avgpool", 1, 21, 21});
  int8.init(3);
  net::Network f32({}, spec, {"avgpool", 1, 21, 21});
  f32.init(3);
  const Images images(images_of({0, 1}, 21, 6));
  net::Calibration calibration(int8, 2);
  calibration.plan().set_src(images.data.get());
  calibration.observe();
  int8.quantize(calibration.result());
  auto plan = int8.make_plan(2, false);
  auto real = f32.make_plan(2, false);
  for (auto* each : {&plan, &real}) {
    each->set_src(images.data.get());
    each->forward();
  }
  const auto names = step_names(plan);
  for (const char* step : {"input.quantize", "max1.quantize", "conv2.dequantize", "pool2.quantize"})
    EXPECT_THAT(names, Contains(step));
  for (int n = 0; n < 2; ++n) EXPECT_NEAR(plan.logits()[n], real.logits()[n], 0.02) << n;
}

TEST(Int8Plan, IsNeitherTrainedNorMadeWithoutScales) {
  Int8Pair network("maxpool");
  EXPECT_THROW(network.int8.make_plan(2, true), UnsupportedError);
  net::Network without(Int8Pair::int8_context(), small_lenet(), {"maxpool", 1, 28, 28});
  EXPECT_THROW(without.make_plan(2, false), std::logic_error);
  net::Quantization partial;
  partial.scales[net::kInputScale] = {};
  without.quantize(partial);
  EXPECT_THROW(without.make_plan(2, false), DataError);
}

TEST(Int8Calibration, TakesTheWidestRangeOfAllImagesSeen) {
  Int8Pair network("avgpool");
  net::Calibration calibration(network.int8, 1);
  std::vector<float> dark(28 * 28, 0.25F), bright(28 * 28, 0.75F);
  for (auto* values : {&bright, &dark}) {
    const Images images(*values);
    calibration.plan().set_src(images.data.get());
    calibration.observe();
  }
  const auto scale = calibration.result().at(net::kInputScale);
  EXPECT_FLOAT_EQ(scale.scale, 0.75F / 255);
  EXPECT_EQ(scale.shift, 0);
  EXPECT_THAT(calibration.result().scales, Contains(testing::Key("pool2")));
}

}  // namespace
}  // namespace dsx

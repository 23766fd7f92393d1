// Plans: memory reuse, agreement of layouts and batch sizes, every layer type, and the rows that describe
// them.
#include "net/plan/plan.hpp"

#include <gmock/gmock.h>

#include <random>

#include "kernels/base/error.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"
#include "tests/net/network_fixture.hpp"

namespace dsx {
namespace {

std::vector<float> pixels(std::size_t count) {
  std::mt19937 random(3);
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(random() % 1000) / 1000;
  return values;
}

TEST(Plan, InferenceReusesMemoryAndTrainingKeepsActivations) {
  net::Network network({}, net::load_network_spec("lenet"), {"avgpool", 1, 320, 320});
  network.init(1);
  auto inference = network.make_plan(4, false);
  EXPECT_LT(inference.arena_bytes(), inference.unshared_bytes());
  auto training = network.make_plan(4, true);
  EXPECT_GT(training.arena_bytes(), inference.arena_bytes());
}

TEST(Plan, ReadsNothingThatItDidNotWrite) {
  for (const auto& variant : operator_names()) {
    for (const bool training : {false, true}) {
      net::Network network({}, small_lenet(), {variant, 1, 28, 28});
      network.init(2);
      auto plan = network.make_plan(4, training);
      const Images images(pixels(plan.src_count()));
      plan.set_src(images.data.get());
      if (training) plan.set_labels(std::vector<float>{0, 1, 1, 0});
      std::vector<float> logits, gradient;
      for (int run = 0; run < 2; ++run) {
        plan.poison();
        plan.forward();
        const std::vector<float> now(plan.logits().begin(), plan.logits().end());
        for (const float logit : now) ASSERT_TRUE(std::isfinite(logit)) << variant;
        if (run == 1) {
          EXPECT_EQ(now, logits) << variant;
        }
        logits = now;
        if (!training) continue;
        plan.loss();
        plan.backward();
        const auto g = network.parameters().at("conv1.weight").get_grad();
        for (const float value : g) ASSERT_TRUE(std::isfinite(value)) << variant;
        if (run == 1) {
          EXPECT_EQ(g, gradient) << variant;
        }
        gradient = g;
      }
    }
  }
}

TEST(Plan, InferenceSeesUpdatedWeightsAfterPack) {
  net::Network network({}, small_lenet(), {"maxpool", 1, 28, 28});
  network.init(2);
  auto training = network.make_plan(4, true);
  auto inference = network.make_plan(2, false);
  const Images images(pixels(training.src_count()));
  training.set_src(images.data.get());
  training.set_labels(std::vector<float>{0, 1, 1, 0});
  const auto optimizer = net::make_optimizer({}, network.parameters());
  for (int step = 0; step < 3; ++step) net::training_step(training, *optimizer, 0.1);
  training.forward();
  inference.set_src(images.data.get());
  inference.pack();
  inference.forward();
  for (int n = 0; n < 2; ++n) EXPECT_NEAR(inference.logits()[n], training.logits()[n], 1e-5);
}

TEST(Plan, LossFallsWhenTrainingOnOneBatch) {
  for (const auto& variant : operator_names()) {
    net::Network network({}, small_lenet(), {variant, 1, 28, 28});
    network.init(2);
    auto plan = network.make_plan(4, true);
    auto values = pixels(plan.src_count());
    for (std::size_t i = 28 * 28; i < 3 * 28 * 28; ++i) values[i] -= 1;  // images 1 and 2 are darker
    const Images images(values);
    plan.set_src(images.data.get());
    plan.set_labels(std::vector<float>{0, 1, 1, 0});
    const auto optimizer = net::make_optimizer({}, network.parameters());
    plan.forward();
    const double before = plan.loss();
    for (int step = 0; step < 60; ++step) net::training_step(plan, *optimizer, 0.02);
    plan.forward();
    EXPECT_LT(plan.loss(), 0.5 * before) << variant;
  }
}

TEST(Plan, WeightsMeanTheSameInEveryLayout) {
  std::vector<float> first;
  const auto image = pixels(4 * 28 * 28);
  const Images images(image);
  for (const auto layout :
       {kernels::Layout::nhwc, kernels::Layout::nchw, kernels::Layout::blocked, kernels::Layout::any}) {
    kernels::Context context;
    context.layout = layout;
    context.allow_ref = true;
    net::Network network(context, small_lenet(), {"avgpool", 1, 28, 28});
    network.init(9);
    const auto weights = network.parameters().at("fc1.weight").get();
    auto plan = network.make_plan(4, true);
    EXPECT_EQ(network.parameters().at("fc1.weight").get(), weights)
        << "a layout must not change the stored order";
    plan.set_src(images.data.get());
    plan.forward();
    const std::vector<float> logits(plan.logits().begin(), plan.logits().end());
    if (first.empty()) first = logits;
    for (std::size_t n = 0; n < logits.size(); ++n)
      EXPECT_NEAR(logits[n], first[n], 1e-5 * std::max(1.f, std::abs(first[n])))
          << kernels::to_string(layout);
  }
}

TEST(Plan, RunsEveryLayerTypeOnColourImagesOfAnySize) {
  const auto spec = net::parse_network_spec(R"(
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3, padding: 1, bias: false}
  - BatchNorm2d
  - ReLU
  - Downsample
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: {kernel_size: 2}
  - AvgPool2d: {kernel_size: 3, stride: 1, padding: 1}
  - AdaptiveAvgPool2d
  - Flatten
  - Linear: {out_features: 1}
)",
                                            "all");
  const Images images(pixels(4 * 3 * 22 * 26));
  std::map<std::string, double> losses;
  for (const auto& variant : operator_names()) {
    for (const auto layout : {kernels::Layout::nhwc, kernels::Layout::nchw, kernels::Layout::any}) {
      kernels::Context context;
      context.layout = layout;
      context.allow_ref = true;  // batch normalization of 8 channels may have no other
      net::Network network(context, spec, {variant, 3, 22, 26});
      network.init(9);
      auto plan = network.make_plan(4, true);
      plan.set_src(images.data.get());
      plan.set_labels(std::vector<float>{0, 1, 1, 0});
      const auto optimizer = net::make_optimizer({}, network.parameters());
      plan.poison();
      plan.forward();
      const double before = plan.loss();
      for (int step = 0; step < 30; ++step) net::training_step(plan, *optimizer, 0.05);
      plan.forward();
      EXPECT_LT(plan.loss(), before) << variant << " " << kernels::to_string(layout);
      const auto running = network.parameters().at("bn1.running_var").get();
      EXPECT_NE(running, std::vector<float>(8, 1.f)) << "running statistics must follow the batches";
    }
  }
}

TEST(PlanRows, NameEveryStepWithItsImplementationAndCost) {
  net::Network network({}, net::load_network_spec("lenet"), {"maxpool", 1, 320, 320});
  network.init(1);
  const auto plan = network.make_plan(2, true);
  double mflop = 0;
  bool pool_backward = false;
  for (const auto& row : net::plan_rows(plan)) {
    EXPECT_FALSE(row.impl.empty()) << row.step;
    if (row.phase == "forward" && row.kind == "convolution") mflop += row.mflop;
    pool_backward = pool_backward || row.step == "pool1.backward_data";
  }
  EXPECT_NEAR(mflop / 2 / 2, 71.9, 0.1)
      << "multiply-accumulates per image of the two convolutions, in millions";
  EXPECT_TRUE(pool_backward);
}

TEST(PlanRows, MarkReorders) {
  kernels::Context context;
  context.layout = kernels::Layout::blocked;
  context.allow_ref = true;
  net::Network network(context, small_lenet(), {"avgpool", 1, 28, 28});
  network.init(1);
  auto plan = network.make_plan(2, true);
  EXPECT_GT(net::plan_rows(plan).size(), 10u);
  for (const auto& row : net::plan_rows(plan)) EXPECT_EQ(row.reorder, row.kind == "reorder") << row.step;
}

TEST(Bf16, InferenceAgreesWithF32) {
  kernels::Context context;
  context.dtype = dnnl::memory::data_type::bf16;
  net::Network reference_network({}, small_lenet(), {"avgpool", 1, 28, 28});
  reference_network.init(4);
  auto f32 = reference_network.make_plan(4, false);
  const Images images(pixels(f32.src_count()));
  f32.set_src(images.data.get());
  f32.forward();
  net::Network network(context, small_lenet(), {"avgpool", 1, 28, 28});
  network.init(4);
  try {
    auto plan = network.make_plan(4, false);
    plan.set_src(images.data.get());
    plan.forward();
    for (int n = 0; n < 4; ++n) EXPECT_NEAR(plan.logits()[n], f32.logits()[n], 1e-2);
  } catch (const std::exception& error) {
    GTEST_SKIP() << "no bf16 on this CPU: " << error.what();
  }
  EXPECT_THROW(network.make_plan(4, true), UnsupportedError);
}

}  // namespace
}  // namespace dsx

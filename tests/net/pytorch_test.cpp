// The study's network against PyTorch: logits, loss and every gradient of one batch, in every variant and
// layout, to 1e-4 relative (fixtures made by tests/fixtures/pytorch_reference.py in float64).
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "kernels/fused/fused_block.hpp"
#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

using nlohmann::json;
using reference::formula_bits;
using reference::formula_parameter;
using reference::formula_values;

constexpr double kTolerance = 1e-4;

TEST(Formula, GivesPythonsValues) {
  const auto fixture = read_fixture("pytorch_formula.json");
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(formula_bits("input", i), fixture["bits"]["input"][i].get<std::uint64_t>());
  EXPECT_EQ(formula_parameter("conv1.weight", 8, 25), fixture["conv1.weight"].get<std::vector<float>>());
  EXPECT_EQ(formula_values("input", 8, 1, 5, 102400), fixture["input_102400"].get<std::vector<float>>());
}

void expect_gradient(const std::string& name, const std::vector<float>& actual, const json& expected,
                     double tolerance) {
  const double scale = expected["max_abs"];
  const auto& values = expected["values"];
  const bool all = !expected.contains("indices");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = all ? i : expected["indices"][i].get<std::size_t>();
    ASSERT_LE(std::abs(actual.at(at) - values[i].get<double>()), tolerance * scale)
        << name << "[" << at << "]";
  }
  double sum = 0, l2 = 0;
  for (const double v : actual) {
    sum += v;
    l2 += v * v;
  }
  EXPECT_LE(std::abs(sum - expected["sum"].get<double>()), tolerance * expected["l1"].get<double>()) << name;
  EXPECT_NEAR(std::sqrt(l2) / expected["l2"].get<double>(), 1, tolerance) << name;
}

class PyTorch : public testing::TestWithParam<std::tuple<std::string, kernels::Layout>> {};

// tests/fixtures/pytorch_reference.py makes one for every row of the table; an operator being tried out has
// none yet.
std::vector<std::string> variants_with_a_fixture() {
  std::vector<std::string> names;
  for (const auto& name : operator_names()) {
    if (std::filesystem::exists(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/pytorch_" + name +
                                ".json"))
      names.push_back(name);
  }
  return names;
}

bool can_fuse(const std::string& variant) {
  return !fused::fused_block_isa().empty() && downsample::downsample_op(variant).fused != nullptr;
}

int steps_of_ours(const net::Plan& plan, const std::string& kind_prefix) {
  int ours = 0;
  for (const auto& row : net::plan_rows(plan)) ours += row.ours && row.kind.starts_with(kind_prefix) ? 1 : 0;
  return ours;
}

// The fixture's blocks are exact in f32, ties and zeros included; another rounding breaks them, and the
// gradient takes another way there. tests/kernels/fast_train_test.cpp compares with values that have none.
// Behind an operator that rounds, one value of conv2 lies within rounding of 0 (rmspool: 2.4e-8, the next
// 1e-6).
double gradient_tolerance(const std::string& variant, kernels::Algorithm algorithm) {
  if (algorithm != kernels::Algorithm::direct) return 5e-2;
  return downsample::downsample_op(variant).roundings == 0 ? kTolerance : 5e-3;
}

void expect_training_agrees(const std::string& variant, kernels::Layout layout, bool fused,
                            kernels::Algorithm algorithm = kernels::Algorithm::direct) {
  const auto fixture = read_fixture("pytorch_" + variant + ".json");
  kernels::Context context;
  context.layout = layout;
  context.fused = fused;
  context.algorithm = algorithm;
  net::Network network(context, net::load_network_spec("lenet"), {variant, 1, 320, 320});
  EXPECT_EQ(network.parameters().trainable_count(), 11396621u);
  for (auto& p : network.parameters().all) p.set(formula_parameter(p.name, p.count(), p.fan_in));
  const int batch = fixture["input_shape"][0];
  auto plan = network.make_plan(batch, true);
  // Two blocks, forward and backward; fc1 where its source comes in plain order.
  EXPECT_EQ(steps_of_ours(plan, "fused_block"), fused && can_fuse(variant) ? 4 : 0);
  if (fused && can_fuse(variant)) {
    EXPECT_EQ(steps_of_ours(plan, "fused_linear"), 2);
  }
  const Images images(formula_values("input", plan.src_count(), 1, 5));
  plan.set_src(images.data.get());
  plan.set_labels(fixture["labels"].get<std::vector<float>>());
  plan.poison();
  plan.forward();
  const double loss = plan.loss();
  EXPECT_NEAR(loss / fixture["loss"].get<double>(), 1, kTolerance);
  for (int n = 0; n < batch; ++n) {
    const double expected = fixture["logits"][n];
    EXPECT_NEAR(plan.logits()[n], expected, kTolerance * std::abs(expected)) << "image " << n;
  }
  plan.backward();
  const double tolerance = gradient_tolerance(variant, algorithm);
  for (const auto& p : network.parameters().all)
    expect_gradient(p.name, p.get_grad(), fixture["gradients"][p.name], tolerance);

  auto inference = network.make_plan(batch, false);
  inference.set_src(images.data.get());
  inference.poison();
  inference.forward();
  for (int n = 0; n < batch; ++n) {
    const double expected = fixture["logits"][n];
    EXPECT_NEAR(inference.logits()[n], expected, kTolerance * std::abs(expected)) << "inference, image " << n;
  }
}

TEST_P(PyTorch, LogitsLossAndGradientsAgree) {
  expect_training_agrees(std::get<0>(GetParam()), std::get<1>(GetParam()), false);
}

TEST_P(PyTorch, FusedLogitsLossAndGradientsAgree) {
  for (const auto algorithm : {kernels::Algorithm::direct, kernels::Algorithm::fast})
    expect_training_agrees(std::get<0>(GetParam()), std::get<1>(GetParam()), true, algorithm);
}

void expect_fused_inference_agrees(const std::string& variant, kernels::Layout layout,
                                   kernels::Algorithm algorithm) {
  const auto fixture = read_fixture("pytorch_" + variant + ".json");
  kernels::Context context;
  context.layout = layout;
  context.fused = true;
  context.algorithm = algorithm;
  net::Network network(context, net::load_network_spec("lenet"), {variant, 1, 320, 320});
  for (auto& p : network.parameters().all) p.set(formula_parameter(p.name, p.count(), p.fan_in));
  const int batch = fixture["input_shape"][0];
  auto plan = network.make_plan(batch, false);
  const Images images(formula_values("input", plan.src_count(), 1, 5));
  plan.set_src(images.data.get());
  plan.poison();
  plan.forward();
  for (int n = 0; n < batch; ++n) {
    const double expected = fixture["logits"][n];
    EXPECT_NEAR(plan.logits()[n], expected, kTolerance * std::abs(expected)) << "image " << n;
  }
  std::vector<std::string> ours;
  for (const auto& row : net::plan_rows(plan)) {
    if (row.ours && row.phase == "forward") ours.push_back(row.step);
  }
  if (fused::fused_block_isa().empty()) {
    EXPECT_THAT(ours, testing::IsEmpty());
  } else if (can_fuse(variant)) {
    EXPECT_THAT(ours, testing::ElementsAre("conv1", "conv2", "fc1"));
  } else if (layout == kernels::Layout::nhwc || layout == kernels::Layout::nchw) {
    EXPECT_THAT(ours, testing::ElementsAre("fc1"));
  }
}

TEST_P(PyTorch, FusedInferenceAgreesAndSaysWhichStepsAreOurs) {
  const auto& [variant, layout] = GetParam();
  for (const auto algorithm :
       {kernels::Algorithm::direct, kernels::Algorithm::fast, kernels::Algorithm::automatic})
    expect_fused_inference_agrees(variant, layout, algorithm);
}

// Weights are rounded to bf16, sums are not: closer to f32 than the 1e-2 that bf16 is allowed.
TEST_P(PyTorch, FusedBf16InferenceIsCloseToF32) {
  const auto& [variant, layout] = GetParam();
  const auto fixture = read_fixture("pytorch_" + variant + ".json");
  kernels::Context context;
  context.layout = layout;
  context.fused = true;
  context.dtype = dnnl::memory::data_type::bf16;
  if (!can_fuse(variant)) GTEST_SKIP() << "not fused";
  net::Network network(context, net::load_network_spec("lenet"), {variant, 1, 320, 320});
  for (auto& p : network.parameters().all) p.set(formula_parameter(p.name, p.count(), p.fan_in));
  const int batch = fixture["input_shape"][0];
  std::optional<net::Plan> made;
  try {
    made.emplace(network.make_plan(batch, false));
  } catch (const dnnl::error& error) {
    GTEST_SKIP() << "no bf16 for the small layers on this CPU: " << error.what();
  }
  auto& plan = *made;
  const Images images(formula_values("input", plan.src_count(), 1, 5));
  plan.set_src(images.data.get());
  plan.poison();
  plan.forward();
  for (int n = 0; n < batch; ++n) {
    const double expected = fixture["logits"][n];
    EXPECT_NEAR(plan.logits()[n], expected, 1e-2) << "image " << n;
  }
}

// The blocked layout has only a reference implementation for 6 channels: small networks test it
// (gradient_test.cpp).
INSTANTIATE_TEST_SUITE_P(Each, PyTorch,
                         testing::Combine(testing::ValuesIn(variants_with_a_fixture()),
                                          testing::Values(kernels::Layout::nhwc, kernels::Layout::nchw,
                                                          kernels::Layout::any)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" +
                                  kernels::to_string(std::get<1>(tested.param));
                         });

}  // namespace
}  // namespace dsx

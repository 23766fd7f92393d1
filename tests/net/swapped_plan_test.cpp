// One network's parameters run with another operator.
#include "kernels/downsample/power_mean.hpp"
#include "tests/net/network_fixture.hpp"

namespace dsx {
namespace {

constexpr int kSwapBatch = 3;

std::vector<float> pixels() {
  std::vector<float> values(kSwapBatch * 28 * 28);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 37 % 101) / 100 - 0.3F;
  return values;
}

net::Network small_network(const std::string& variant, bool fused) {
  kernels::Context context;
  context.fused = fused;
  context.allow_ref = true;
  net::Network network(context, small_lenet(), net::NetworkOptions{variant, 1, 28, 28});
  network.init(5);
  return network;
}

std::vector<float> logits_of(net::Plan& plan) {
  const Images images(pixels());
  plan.set_src(images.data.get());
  plan.forward();
  return {plan.logits().begin(), plan.logits().end()};
}

// A seed gives all variants the same weights: a network of that variant is what a swapped plan must repeat.
TEST(SwappedPlan, EqualsANetworkOfThatVariantWithTheSameWeights) {
  for (const bool fused : {false, true})
    for (const std::string& trained : operator_names()) {
      net::Network network = small_network(trained, fused);
      for (const auto& op : downsample::downsample_table()) {
        net::Network other = small_network(op.name, fused);
        net::Plan expected = other.make_plan(kSwapBatch, false),
                  swapped = network.make_plan_with(op, kSwapBatch);
        const auto found = logits_of(swapped), wanted = logits_of(expected);
        for (std::size_t i = 0; i < found.size(); ++i)
          EXPECT_NEAR(found[i], wanted[i], 1e-5)
              << trained << " run with " << op.name << (fused ? ", fused" : "");
      }
    }
}

TEST(SwappedPlan, SliceIsStrided) {
  net::Network network = small_network("maxpool", false);
  net::Plan slice = network.make_plan_with(downsample::downsample_op("slice"), kSwapBatch);
  net::Plan strided = network.make_plan_with(downsample::downsample_op("strided"), kSwapBatch);
  const auto a = logits_of(slice), b = logits_of(strided);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

TEST(SwappedPlan, FollowsTheNetworksWeights) {
  net::Network network = small_network("avgpool", false);
  net::Plan swapped = network.make_plan_with(downsample::downsample_op("maxpool"), kSwapBatch);
  const auto before = logits_of(swapped);
  network.init(6);
  swapped.pack();
  EXPECT_NE(logits_of(swapped), before);
}

TEST(SwappedPlan, TakesOperatorsThatAreNotInTheTable) {
  for (const bool fused : {false, true}) {
    net::Network network = small_network("strided", fused);
    for (const auto& mean : downsample::power_means()) {
      net::Plan plan = network.make_plan_with(*mean.op, kSwapBatch);
      for (const float logit : logits_of(plan)) EXPECT_TRUE(std::isfinite(logit)) << mean.power;
    }
  }
}

}  // namespace
}  // namespace dsx

// The one training step does what the plan and the optimizer ask for, call by call.
#include "net/training_step.hpp"

#include <gmock/gmock.h>

#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

// A network with a training plan over poisoned memory: what a step reads, it must have written.
struct Training {
  explicit Training(bool fused)
      : network(net::make_lenet(context_of(fused), "maxpool", 3)),
        plan(network.make_plan(2, true)),
        images(reference::formula_values("input", plan.src_count(), 1, 2)),
        optimizer(net::make_optimizer({}, network.parameters())) {
    plan.set_src(images.data.get());
    plan.set_labels(std::vector<float>{0, 1});
    plan.poison();
  }
  static kernels::Context context_of(bool fused) {
    kernels::Context context;
    context.fused = fused;
    return context;
  }
  std::vector<std::vector<float>> weights() const {
    std::vector<std::vector<float>> all;
    for (const auto& p : network.parameters().all) all.push_back(p.get());
    return all;
  }

  net::Network network;
  net::Plan plan;
  Images images;
  std::unique_ptr<net::Optimizer> optimizer;
};

TEST(TrainingStep, IsForwardLossBackwardUpdateAndPack) {
  for (const bool fused : {false, true}) {
    Training at_once(fused), by_hand(fused);
    for (int step = 0; step < 2; ++step) {
      const double loss = net::training_step(at_once.plan, *at_once.optimizer, 0.05);
      by_hand.plan.forward();
      EXPECT_EQ(loss, by_hand.plan.loss());
      by_hand.plan.backward();
      by_hand.optimizer->step(0.05);
      by_hand.plan.pack();
    }
    EXPECT_EQ(at_once.weights(), by_hand.weights()) << (fused ? "fused" : "primitives");
  }
}

TEST(TrainingStep, ReturnsTheLossBeforeTheUpdate) {
  Training training(false);
  const double first = net::training_step(training.plan, *training.optimizer, 0.001);
  EXPECT_LT(net::forward_and_loss(training.plan), first);
}

}  // namespace
}  // namespace dsx

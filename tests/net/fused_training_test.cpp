// Training with our own kernels: the same bits in every run and for every number of threads, and the update
// inside the backward pass gives the same weights as the update after it.
#include <gmock/gmock.h>
#include <omp.h>

#include "kernels/fused/fused_block.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"
#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

constexpr int kTrainingBatch = 5, kSteps = 3;

struct Trained {
  std::vector<double> losses;
  std::vector<std::vector<float>> weights, momenta;
};

Trained train(const std::string& variant, int threads, bool update_in_backward, bool nesterov = false,
              kernels::Algorithm algorithm = kernels::Algorithm::direct) {
  kernels::set_threads(threads);
  kernels::Context context;
  context.fused = true;
  context.algorithm = algorithm;
  net::Network network(context, net::load_network_spec("lenet"), {variant, 1, 160, 160});
  network.init(7);
  auto plan = network.make_plan(kTrainingBatch, true);
  const Images images(reference::formula_values("input", plan.src_count(), 1, 5));
  plan.set_src(images.data.get());
  plan.set_labels(std::vector<float>{1, 0, 0, 1, 1});
  plan.poison();
  net::OptimizerOptions options;
  options.weight_decay = 1e-3;
  options.nesterov = nesterov;
  const auto optimizer = net::make_optimizer(options, network.parameters());
  Trained trained;
  for (int step = 0; step < kSteps; ++step) {
    trained.losses.push_back(net::forward_and_loss(plan));
    if (update_in_backward) {
      net::backward_and_update(plan, *optimizer, 0.05);
    } else {
      plan.backward();
      optimizer->step(0.05);
      plan.pack();
    }
  }
  for (const auto& p : network.parameters().all) trained.weights.push_back(p.get());
  for (const auto& [name, values] : optimizer->state()) trained.momenta.push_back(values);
  kernels::set_threads(omp_get_num_procs());
  return trained;
}

void expect_same_bits(const Trained& a, const Trained& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.momenta, b.momenta);
}

class FusedTrainingOf : public testing::TestWithParam<std::string> {};

TEST_P(FusedTrainingOf, GivesTheSameBitsInEveryRun) {
  for (const auto algorithm : {kernels::Algorithm::direct, kernels::Algorithm::fast}) {
    const auto first = train(GetParam(), 2, true, false, algorithm);
    expect_same_bits(first, train(GetParam(), 2, true, false, algorithm));
    EXPECT_LT(first.losses.back(), first.losses.front());
  }
}

TEST_P(FusedTrainingOf, UpdatesInBackwardAsAfterIt) {
  for (const bool nesterov : {false, true})
    expect_same_bits(train(GetParam(), 2, true, nesterov), train(GetParam(), 2, false, nesterov));
}

INSTANTIATE_TEST_SUITE_P(Variants, FusedTrainingOf, testing::ValuesIn(operator_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace dsx

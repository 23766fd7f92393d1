// Steps that hand their images on one by one give the same bits as the same steps one after another.
#include "net/image_chain.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include "kernels/fused_block.hpp"
#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

struct Case {
  std::string variant;
  int images;
};

class ImageChainOf : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    set_threads(2);
    context_.fused = true;
    network_ = std::make_unique<Network>(context_, load_network_spec("lenet"),
                                         NetworkOptions{GetParam().variant, 1, 160, 160});
    network_->init(7);
  }
  void TearDown() override { set_threads(omp_get_num_procs()); }

  Plan plan_of(bool training) {
    auto plan = network_->make_plan(GetParam().images, training);
    images_ = std::make_unique<Images>(reference::formula_values("input", plan.src_count(), 1, 5));
    plan.set_src(images_->data.get());
    plan.pack();
    plan.poison();
    return plan;
  }

  void one_by_one(const std::vector<Step>& steps) {
    for (const auto& step : steps) step.execute(context_.stream);
  }

  Context context_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Images> images_;
};

TEST_P(ImageChainOf, InfersAsStepByStep) {
  auto plan = plan_of(false);
  plan.forward();
  const std::vector<float> chained = plan.result();
  plan.poison();
  one_by_one(plan.forward_steps());
  EXPECT_EQ(plan.result(), chained);
}

TEST_P(ImageChainOf, TrainsAsStepByStep) {
  auto plan = plan_of(true);
  plan.set_labels(std::vector<float>(static_cast<std::size_t>(GetParam().images), 1));
  const auto gradients = [&] {
    std::vector<std::vector<float>> all;
    for (const auto& p : network_->parameters().all) all.push_back(p.get_grad());
    return all;
  };
  plan.forward();
  const double loss = plan.loss();
  plan.backward();
  const auto chained = gradients();
  plan.poison();
  one_by_one(plan.forward_steps());
  EXPECT_EQ(plan.loss(), loss);
  one_by_one(plan.backward_steps());
  EXPECT_EQ(gradients(), chained);
}

// One image for two threads, one for each, an odd one left over.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& variant : variant_names()) {
    for (const int images : {1, 2, 9}) all.push_back({variant, images});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cases, ImageChainOf, testing::ValuesIn(cases()), [](const auto& tested) {
  return tested.param.variant + "_" + std::to_string(tested.param.images);
});

TEST(ImageChain, PaysWhereEachThreadHasImages) {
  EXPECT_FALSE(chains_pay(1, 2));
  EXPECT_TRUE(chains_pay(2, 2));
  EXPECT_FALSE(chains_pay(3, 2));
  EXPECT_TRUE(chains_pay(9, 2));
  EXPECT_TRUE(chains_pay(1, 1));
}

}  // namespace
}  // namespace dsx

// Steps that hand their images on one by one give the same bits as the same steps one after another.
#include "net/plan/image_chain.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>

#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

struct Case {
  std::string variant;
  int images;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.variant << ", images " << c.images; }

class ImageChainOf : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    kernels::set_threads(2);
    context_.fused = true;
    network_ = std::make_unique<net::Network>(context_, net::load_network_spec("lenet"),
                                              net::NetworkOptions{GetParam().variant, 1, 160, 160});
    network_->init(7);
  }
  void TearDown() override { kernels::set_threads(omp_get_num_procs()); }

  net::Plan plan_of(bool training) {
    auto plan = network_->make_plan(GetParam().images, training);
    images_ = std::make_unique<Images>(reference::formula_values("input", plan.src_count(), 1, 5));
    plan.set_src(images_->data.get());
    plan.pack();
    plan.poison();
    return plan;
  }

  void one_by_one(const std::vector<kernels::Step>& steps) {
    for (const auto& step : steps) step.execute(context_.stream);
  }

  kernels::Context context_;
  std::unique_ptr<net::Network> network_;
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

// That there is a chain at all: the last image's result of block 1 is never stored at its own place.
TEST_P(ImageChainOf, KeepsOneImageForEachThreadBetweenFusedBlocks) {
  auto plan = plan_of(false);
  const auto& first = plan.forward_steps().front();
  if (first.kernel.kind != "fused_block") GTEST_SKIP() << "not fused";
  const auto& dst = first.arguments.at(DNNL_ARG_DST);
  const auto* values = static_cast<const float*>(dst.get_data_handle());
  const std::size_t last = dst.get_desc().get_size() / sizeof(float) - 1;
  plan.forward();
  EXPECT_EQ(std::isnan(values[last]), GetParam().images > 2) << "poison stays where no thread has its place";
  plan.poison();
  first.execute(context_.stream);
  EXPECT_FALSE(std::isnan(values[last]));
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
  for (const auto& variant : operator_names()) {
    for (const int images : {1, 2, 9}) all.push_back({variant, images});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cases, ImageChainOf, testing::ValuesIn(cases()), [](const auto& tested) {
  return tested.param.variant + "_" + std::to_string(tested.param.images);
});

TEST(ImageChain, PaysWhereEachThreadHasImages) {
  EXPECT_FALSE(net::chains_pay(1, 2));
  EXPECT_TRUE(net::chains_pay(2, 2));
  EXPECT_FALSE(net::chains_pay(3, 2));
  EXPECT_TRUE(net::chains_pay(9, 2));
  EXPECT_TRUE(net::chains_pay(1, 1));
}

}  // namespace
}  // namespace dsx

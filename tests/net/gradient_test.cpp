// Every variant's gradients, in every layout, against finite differences of the same network computed naively
// in double precision: the differences have no float32 noise, so each parameter is tested closely and by
// itself.
#include <random>

#include "tests/net/network_fixture.hpp"
#include "tests/reference/operators.hpp"

namespace dsx {
namespace {

using namespace reference;
using Values = std::map<std::string, std::vector<double>>;

constexpr int kBatch = 3, kSide = 28;

// small_lenet() from its definition.
double reference_loss(const std::string& variant, const Array& images, const Values& p,
                      const std::vector<double>& labels, std::vector<double>* logits = nullptr) {
  const int stride = downsample::downsample_op(variant).conv_stride;
  Array x = images;
  for (const auto& [name, channels] : std::vector<std::pair<std::string, int>>{{"conv1", 6}, {"conv2", 16}}) {
    Array weights(channels, x.c, 5, 5);
    weights.v = p.at(name + ".weight");
    const int side = (x.h - 5) / stride + 1;
    x = downsampled(variant, relu(conv(x, weights, p.at(name + ".bias"), stride, 0, side, side)));
  }
  x = relu(linear(x, p.at("fc1.weight"), p.at("fc1.bias"), 12));
  x = linear(x, p.at("fc2.weight"), p.at("fc2.bias"), 1);
  if (logits != nullptr) *logits = x.v;
  return bce(x.v, labels);
}

class Gradient : public testing::TestWithParam<std::tuple<std::string, kernels::Layout>> {
 protected:
  Gradient() {
    std::mt19937 random(7);
    std::vector<float> pixels(kBatch * kSide * kSide);
    for (auto& pixel : pixels) pixel = static_cast<float>(random() % 1000) / 1000;
    images_ = Images(pixels);
    reference_images_.v.assign(pixels.begin(), pixels.end());
  }
  net::Network make() {
    kernels::Context context;
    context.layout = std::get<1>(GetParam());
    context.allow_ref = true;
    net::Network network(context, small_lenet(), {std::get<0>(GetParam()), 1, kSide, kSide});
    network.init(5);
    return network;
  }
  Images images_{{}};
  Array reference_images_{kBatch, 1, kSide, kSide};
  std::vector<float> labels_{1, 0, 1};
};

TEST_P(Gradient, EqualsFiniteDifferencesOfTheDoublePrecisionNetwork) {
  auto network = make();
  auto plan = network.make_plan(kBatch, true);
  plan.set_src(images_.data.get());
  plan.set_labels(labels_);
  plan.poison();
  plan.forward();
  const double loss = plan.loss();
  plan.backward();

  Values parameters;
  for (const auto& p : network.parameters().all) {
    const auto values = p.get();
    parameters[p.name].assign(values.begin(), values.end());
  }
  const std::vector<double> labels(labels_.begin(), labels_.end());
  const auto& variant = std::get<0>(GetParam());
  std::vector<double> logits;
  EXPECT_NEAR(loss, reference_loss(variant, reference_images_, parameters, labels, &logits), 1e-6);
  for (int n = 0; n < kBatch; ++n) EXPECT_NEAR(plan.logits()[n], logits[n], 1e-5);

  std::mt19937 random(11);
  for (const auto& p : network.parameters().all) {
    const auto gradient = p.get_grad();
    double largest = 0;
    for (const float g : gradient) largest = std::max(largest, std::abs(static_cast<double>(g)));
    ASSERT_GT(largest, 0) << p.name;
    for (int draw = 0; draw < 6; ++draw) {
      const std::size_t i = random() % gradient.size();
      constexpr double kStep =
          1e-6;  // far below the distance of any ReLU or max from its kink, far above rounding
      auto moved = parameters;
      moved[p.name][i] += kStep;
      const double up = reference_loss(variant, reference_images_, moved, labels);
      moved[p.name][i] -= 2 * kStep;
      const double down = reference_loss(variant, reference_images_, moved, labels);
      EXPECT_NEAR(gradient[i], (up - down) / (2 * kStep), 1e-4 * largest) << p.name << "[" << i << "]";
    }
  }
}

TEST_P(Gradient, RepeatsBitwise) {
  std::vector<std::vector<float>> first;
  for (int run = 0; run < 2; ++run) {
    auto network = make();
    auto plan = network.make_plan(kBatch, true);
    plan.set_src(images_.data.get());
    plan.set_labels(labels_);
    plan.forward();
    plan.loss();
    plan.backward();
    for (std::size_t i = 0; i < network.parameters().all.size(); ++i) {
      const auto gradient = network.parameters().all[i].get_grad();
      if (run == 0) {
        first.push_back(gradient);
      } else {
        EXPECT_EQ(gradient, first[i]) << network.parameters().all[i].name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Gradient,
                         testing::Combine(testing::ValuesIn(operator_names()),
                                          testing::Values(kernels::Layout::nhwc, kernels::Layout::nchw,
                                                          kernels::Layout::blocked, kernels::Layout::any)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" +
                                  kernels::to_string(std::get<1>(tested.param));
                         });

}  // namespace
}  // namespace dsx

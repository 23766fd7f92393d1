// Networks taken apart and covered images: against the operators' definitions and naive double precision.
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "kernels/base/random.hpp"
#include "kernels/onednn/context.hpp"
#include "study/mechanism/inside.hpp"
#include "study/mechanism/looks.hpp"
#include "tests/net/network_fixture.hpp"
#include "tests/reference/operators.hpp"

namespace dsx {
namespace {

using namespace reference;

constexpr int kSide = 28, kImages = 3;

kernels::Context any_context() {
  kernels::Context context;
  context.layout = kernels::Layout::any;
  context.allow_ref = true;
  return context;
}

std::vector<float> some_pixels() {
  std::vector<float> pixels(kImages * kSide * kSide);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  return pixels;
}

std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// Behind convolution and ReLU at stride 1.
Array block_before(const net::Network& network, const std::string& name, const Array& x) {
  const auto& parameters = network.parameters();
  const auto& shape = parameters.at(name + ".weight").shape;
  Array weights(static_cast<int>(shape[0]), static_cast<int>(shape[1]), 5, 5);
  weights.v = doubles(parameters.at(name + ".weight").get());
  return relu(conv(x, weights, doubles(parameters.at(name + ".bias").get()), 1, 0, x.h - 4, x.w - 4));
}

// An operator that works through the stride, as one that comes after.
Array after_operator(const std::string& variant, const Array& x) {
  const auto& op = downsample::downsample_op(variant);
  if (!op.acts_in_convolution()) return downsampled(op, x);
  Array y(x.n, x.c, x.h / 2, x.w / 2);
  for (int n = 0; n < y.n; ++n)
    for (int c = 0; c < y.c; ++c)
      for (int i = 0; i < y.h; ++i)
        for (int j = 0; j < y.w; ++j) y(n, c, i, j) = x(n, c, 2 * i, 2 * j);
  return y;
}

mechanism::MapFigures figures_of(const Array& x, int n) {
  std::vector<float> values;
  for (int c = 0; c < x.c; ++c)
    for (int i = 0; i < x.h; ++i)
      for (int j = 0; j < x.w; ++j) values.push_back(static_cast<float>(x(n, c, i, j)));
  return mechanism::map_figures(values, x.c, x.h, x.w);
}

void expect_same(const mechanism::MapFigures& found, const mechanism::MapFigures& expected,
                 const std::string& where) {
  EXPECT_NEAR(found.mean, expected.mean, 1e-5) << where;
  EXPECT_NEAR(found.zeros, expected.zeros, 2e-3) << where;  // rounding decides at 0
  EXPECT_NEAR(found.p99, expected.p99, 1e-4) << where;
  EXPECT_NEAR(found.high_frequencies, expected.high_frequencies, 1e-4) << where;
}

class InsideEach : public testing::TestWithParam<std::string> {};

TEST_P(InsideEach, GivesActivationsAroundEveryDownsample) {
  net::Network network(any_context(), small_lenet(), {GetParam(), 1, kSide, kSide});
  network.init(3);
  mechanism::Inside inside(network, 4);  // one more than there are images
  EXPECT_THAT(inside.layers(), testing::ElementsAre("pool1", "pool2"));
  const std::vector<float> pixels = some_pixels();
  const auto found = inside.run(pixels);
  ASSERT_EQ(found.size(), kImages);
  Array x(kImages, 1, kSide, kSide);
  x.v = doubles(pixels);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const Array before = block_before(network, layer == 0 ? "conv1" : "conv2", x);
    x = after_operator(GetParam(), before);
    const Array sliced = after_operator("strided", before);
    for (int n = 0; n < kImages; ++n) {
      const std::string where = GetParam() + " " + inside.layers()[layer];
      expect_same(found[n].layers[layer].before, figures_of(before, n), where + " before");
      expect_same(found[n].layers[layer].after, figures_of(x, n), where + " after");
      expect_same(found[n].layers[layer].every_second, figures_of(sliced, n), where + " every second pixel");
    }
  }
}

// logit = w2 . mask(W1 a + b1) + bias: what b1 and b2 bring, and the terms of a, directly from the weights.
TEST_P(InsideEach, TakesTheLogitApartExactly) {
  net::Network network(any_context(), small_lenet(), {GetParam(), 1, kSide, kSide});
  network.init(4);
  mechanism::Inside inside(network, kImages);
  ASSERT_EQ(inside.no_parts(), "");
  const std::vector<float> pixels = some_pixels();
  const auto found = inside.run(pixels);
  Array x(kImages, 1, kSide, kSide);
  x.v = doubles(pixels);
  for (const char* name : {"conv1", "conv2"}) x = after_operator(GetParam(), block_before(network, name, x));
  const auto w1 = doubles(network.parameters().at("fc1.weight").get()),
             b1 = doubles(network.parameters().at("fc1.bias").get()),
             w2 = doubles(network.parameters().at("fc2.weight").get()),
             b2 = doubles(network.parameters().at("fc2.bias").get());
  const std::size_t inputs = x.v.size() / kImages;
  for (std::size_t n = 0; n < kImages; ++n) {
    double bias = b2[0], positive = 0, negative = 0;
    std::vector<double> slopes(inputs);
    for (std::size_t k = 0; k < b1.size(); ++k) {
      double hidden = b1[k];
      for (std::size_t i = 0; i < inputs; ++i) hidden += w1[k * inputs + i] * x.v[n * inputs + i];
      if (hidden <= 0) continue;
      bias += w2[k] * b1[k];
      for (std::size_t i = 0; i < inputs; ++i) slopes[i] += w2[k] * w1[k * inputs + i];
    }
    for (std::size_t i = 0; i < inputs; ++i) {
      const double term = slopes[i] * x.v[n * inputs + i];
      (term > 0 ? positive : negative) += term;
    }
    EXPECT_NEAR(found[n].parts.positive, positive, 1e-5);
    EXPECT_NEAR(found[n].parts.negative, negative, 1e-5);
    EXPECT_NEAR(found[n].parts.bias, bias, 1e-5);
    EXPECT_NEAR(found[n].parts.logit, positive + negative + bias, 1e-5);
    EXPECT_GT(found[n].parts.border, 0);
    EXPECT_LT(found[n].parts.border, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, InsideEach, testing::ValuesIn(operator_names()),
                         [](const auto& tested) { return tested.param; });

TEST(Windows, TileTheImageAndTheOutermostAreItsFrame) {
  for (const int size : {16, 32, 100, 320}) {
    const auto windows = mechanism::windows_of(size, size);
    EXPECT_EQ(windows.size(), 121U) << size;
    const mechanism::Frame frame(size, size);
    std::vector<int> covered(static_cast<std::size_t>(size) * size);
    for (const auto& w : windows)
      for (int r = w.top; r < w.bottom; ++r)
        for (int c = w.left; c < w.right; ++c) {
          ++covered[static_cast<std::size_t>(r) * size + c];
          EXPECT_EQ(w.in_frame, frame.holds(r, c));
        }
    EXPECT_THAT(covered, testing::Each(1)) << size;
  }
  EXPECT_EQ(mechanism::Frame(320, 320).top, 16);
  EXPECT_NEAR(mechanism::Frame(320, 320).area_share(320, 320), 0.19, 1e-12);
}

// Images whose label is in the frame: bright there for the positive class, random inside.
class FramedImages : public data::Dataset {
 public:
  static constexpr int kFramedSide = 40, kCount = 24;
  FramedImages() {
    for (int i = 0; i < kCount; ++i)
      items_.push_back({"image-" + std::to_string(i), "", "", i % 2, data::Split::test});
  }
  const std::vector<data::Item>& items() const override { return items_; }
  data::ImageShape shape() const override { return {1, kFramedSide, kFramedSide}; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::string description() const override { return "framed"; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    const mechanism::Frame frame(kFramedSide, kFramedSide);
    Random random({index});
    for (int r = 0; r < kFramedSide; ++r)
      for (int c = 0; c < kFramedSide; ++c)
        chw[static_cast<std::size_t>(r) * kFramedSide + c] =
            static_cast<std::uint8_t>(frame.holds(r, c) ? (index % 2 == 1 ? 200 : 100) : random.below(256));
  }

 private:
  std::vector<data::Item> items_;
  std::vector<std::string> names_ = {"dark", "bright"};
};

class Looks : public testing::Test {
 protected:
  Looks()
      : network_(
            any_context(),
            net::parse_network_spec("layers:\n  - Flatten\n  - Linear: {name: fc, out_features: 1}", "sum"),
            {"avgpool", 1, FramedImages::kFramedSide, FramedImages::kFramedSide}) {
    settings_.size = FramedImages::kFramedSide;
    settings_.batch = 8;
    // A network that adds up the frame and nothing else.
    const mechanism::Frame frame(settings_.size, settings_.size);
    std::vector<float> weights;
    for (int r = 0; r < settings_.size; ++r)
      for (int c = 0; c < settings_.size; ++c) weights.push_back(frame.holds(r, c) ? 0.01F : 0.F);
    network_.parameters().at("fc.weight").set(weights);
    network_.parameters().at("fc.bias").set(std::vector<float>{0.5F});
    split_ = settings::split_data(images_, data::Split::test);
  }
  FramedImages images_;
  settings::Settings settings_;
  net::Network network_;
  settings::SplitData split_;
};

TEST_F(Looks, ChoosesHalfOfEachClass) {
  const auto chosen = mechanism::choose_images(images_, split_, settings_, 6);
  ASSERT_EQ(chosen.size(), 6U);
  int positives = 0;
  for (const std::size_t place : chosen.places) positives += split_.labels[place] > 0.5F;
  EXPECT_EQ(positives, 3);
  EXPECT_TRUE(std::is_sorted(chosen.places.begin(), chosen.places.end()));
  double sum = 0;
  for (const float value : chosen.pixels) sum += value;
  EXPECT_NEAR(chosen.grey.at(0), sum / static_cast<double>(chosen.pixels.size()), 1e-5);
}

TEST_F(Looks, FindANetworkThatReadsTheFrameAlone) {
  auto plan = network_.make_plan(settings_.batch, false);
  const auto chosen = mechanism::choose_images(images_, split_, settings_, 8);
  const auto logits = mechanism::logits_of_views(plan, images_, split_, settings_, chosen, [](double) {});
  const auto& names = mechanism::views();
  const auto of = [&](const char* view) -> const std::vector<float>& {
    return logits[static_cast<std::size_t>(std::find(names.begin(), names.end(), view) - names.begin())];
  };
  ASSERT_EQ(of("whole").size(), static_cast<std::size_t>(FramedImages::kCount));
  std::set<bool> donors;
  for (std::size_t i = 0; i < of("whole").size(); ++i) {
    EXPECT_FLOAT_EQ(of("border_grey")[i], of("border_grey")[0]);  // nothing is left that tells images apart
    EXPECT_FLOAT_EQ(of("border_alone")[i], of("whole")[i]);
    donors.insert(std::abs(of("border_other")[i] - of("whole")[i]) < 1e-3);
    EXPECT_NE(of("noise")[i], of("whole")[i]);
  }
  EXPECT_EQ(donors.size(), 2U);  // frames of either class
}

TEST_F(Looks, OcclusionIsTheSumThatTheWindowBrought) {
  auto plan = network_.make_plan(settings_.batch, false);
  const auto chosen = mechanism::choose_images(images_, split_, settings_, 4);
  const auto falls = mechanism::occlusion(plan, chosen, [](double) {});
  const auto windows = mechanism::windows_of(settings_.size, settings_.size);
  ASSERT_EQ(falls.size(), 4U);
  for (std::size_t i = 0; i < falls.size(); ++i)
    for (std::size_t w = 0; w < windows.size(); ++w) {
      double expected = 0;
      if (windows[w].in_frame)
        for (int r = windows[w].top; r < windows[w].bottom; ++r)
          for (int c = windows[w].left; c < windows[w].right; ++c)
            expected += 0.01 * (chosen.image(i)[chosen.layout.place(0, r, c)] - chosen.grey[0]);
      EXPECT_NEAR(falls[i][w], expected, 1e-4);
    }
}

TEST(Cover, KnowsColourImagesInBothLayouts) {
  for (const bool channels_last : {true, false}) {
    const mechanism::PixelLayout layout{{3, 20, 20}, channels_last};
    std::vector<float> image(layout.shape.count(), 1.F);
    mechanism::cover(image, layout, mechanism::Window{2, 3, 4, 6, false}, std::vector<float>{10, 20, 30});
    double sum = 0;
    for (const float value : image) sum += value;
    EXPECT_EQ(sum, 3 * 20 * 20 - 3 * 6 + 6 * 60);
    EXPECT_EQ(image[layout.place(1, 3, 5)], 20);
    EXPECT_EQ(image[layout.place(1, 4, 5)], 1);
  }
}

}  // namespace
}  // namespace dsx

// Floats from pixels: normalisation, each switch's effect, layouts, and augmentation as a function of its
// keys.
#include "data/loading/preprocess.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

std::vector<std::uint8_t> ramp_image(data::ImageShape shape) {
  std::vector<std::uint8_t> pixels(shape.count());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(40 + i % 97);
  return pixels;
}

std::vector<float> run(data::ImageShape shape, data::PreprocessOptions preprocess,
                       data::AugmentOptions augment, std::vector<std::uint8_t> pixels, int epoch = 0,
                       std::size_t index = 0, bool channels_last = false, std::uint64_t seed = 1) {
  std::vector<float> out(shape.count());
  data::Preprocessor(shape, preprocess, augment, seed).run(pixels, epoch, index, channels_last, out);
  return out;
}

constexpr data::ImageShape kRampShape{1, 20, 24};

TEST(Preprocess, DefaultScalesToTheUnitInterval) {
  std::vector<std::uint8_t> pixels = ramp_image(kRampShape);
  pixels[0] = 0, pixels[1] = 255;
  const auto out = run(kRampShape, {}, {}, pixels);
  EXPECT_EQ(out[0], 0.0F);
  EXPECT_NEAR(out[1], 1.0F, 1e-6);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], pixels[i] / 255.0, 1e-6);
}

TEST(Preprocess, NormalisesWithMeanAndStd) {
  const auto pixels = ramp_image(kRampShape);
  const auto out = run(kRampShape, {.mean = 0.485, .std = 0.229}, {}, pixels);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], (pixels[i] / 255.0 - 0.485) / 0.229, 1e-5);
}

TEST(Preprocess, ChannelsLastInterleavesPlanes) {
  const data::ImageShape shape{3, 5, 7};
  const auto pixels = ramp_image(shape);
  const auto planar = run(shape, {}, {}, pixels), interleaved = run(shape, {}, {}, pixels, 0, 0, true);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 35; ++i) ASSERT_EQ(interleaved[i * 3 + c], planar[c * 35 + i]);
}

TEST(Preprocess, EqualizeSpreadsTheHistogram) {
  const auto out = run(kRampShape, {.equalize = true}, {}, ramp_image(kRampShape));
  EXPECT_EQ(*std::min_element(out.begin(), out.end()), 0.0F);
  EXPECT_NEAR(*std::max_element(out.begin(), out.end()), 1.0F, 1e-6);
}

TEST(Preprocess, EqualizeWorksOnColour) {
  const data::ImageShape shape{3, 20, 24};
  const auto out = run(shape, {.equalize = true}, {}, ramp_image(shape));
  EXPECT_GT(*std::max_element(out.begin(), out.end()) - *std::min_element(out.begin(), out.end()), 0.9F);
}

TEST(Preprocess, SharpenIsTheLaplacianKernel) {
  std::vector<std::uint8_t> pixels(kRampShape.count(), 100);
  pixels[10 * 24 + 12] = 110;
  const auto out = run(kRampShape, {.sharpen = true}, {}, pixels);
  EXPECT_NEAR(out[10 * 24 + 12] * 255, 5 * 110 - 4 * 100, 1e-3);
  EXPECT_NEAR(out[10 * 24 + 13] * 255, 5 * 100 - 3 * 100 - 110, 1e-3);
  EXPECT_NEAR(out[0] * 255, 100, 1e-3);
}

TEST(Preprocess, DenoiseRemovesASinglePixel) {
  std::vector<std::uint8_t> pixels(kRampShape.count(), 100);
  pixels[10 * 24 + 12] = 255;
  const auto out = run(kRampShape, {.denoise = true}, {}, pixels);
  EXPECT_NEAR(out[10 * 24 + 12] * 255, 100, 1e-3);
}

TEST(Augment, IsAFunctionOfSeedEpochAndIndexOnly) {
  const data::AugmentOptions all{0.5, 10, 0.2, 0.2};
  const auto pixels = ramp_image(kRampShape);
  const auto first = run(kRampShape, {}, all, pixels, 3, 17);
  EXPECT_EQ(run(kRampShape, {}, all, pixels, 3, 17), first);
  EXPECT_NE(run(kRampShape, {}, all, pixels, 4, 17), first);
  EXPECT_NE(run(kRampShape, {}, all, pixels, 3, 18), first);
  EXPECT_NE(run(kRampShape, {}, all, pixels, 3, 17, false, 2), first);
}

TEST(Augment, FlipMirrorsColumnsWithItsProbability) {
  const auto pixels = ramp_image(kRampShape);
  const auto plain = run(kRampShape, {}, {}, pixels), flipped = run(kRampShape, {}, {.flip = 1}, pixels);
  for (std::size_t r = 0; r < 20; ++r)
    for (std::size_t c = 0; c < 24; ++c) ASSERT_EQ(flipped[r * 24 + c], plain[r * 24 + 23 - c]);
  int flips = 0;
  for (std::size_t i = 0; i < 1000; ++i) flips += run(kRampShape, {}, {.flip = 0.3}, pixels, 0, i) != plain;
  EXPECT_NEAR(flips, 300, 60);
}

TEST(Augment, RotationStaysWithinItsAngle) {
  // A bright spot 10 pixels from the centre moves by at most 10 * angle.
  const data::ImageShape shape{1, 41, 41};
  std::vector<std::uint8_t> pixels(shape.count(), 0);
  pixels[20 * 41 + 30] = 255;
  double widest = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto out = run(shape, {}, {.rotation = 30}, pixels, 0, i);
    double x = 0, y = 0, sum = 0;
    for (std::size_t at = 0; at < out.size(); ++at)
      x += out[at] * static_cast<double>(at % 41), y += out[at] * static_cast<double>(at / 41),
          sum += out[at];
    const double angle = std::atan2(y / sum - 20, x / sum - 20) * 180 / M_PI;
    widest = std::max(widest, std::abs(angle));
    ASSERT_LE(std::abs(angle), 31);
  }
  EXPECT_GT(widest, 25);
}

TEST(Augment, BrightnessAndContrastKeepTheirRangesAndClip) {
  const std::vector<std::uint8_t> grey(kRampShape.count(), 100);
  float low = 255, high = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    const float value = run(kRampShape, {}, {.brightness = 0.2}, grey, 0, i)[5] * 255;
    low = std::min(low, value), high = std::max(high, value);
  }
  EXPECT_NEAR(low, 80, 1);
  EXPECT_NEAR(high, 120, 1);
  std::vector<std::uint8_t> halves(kRampShape.count(), 50);
  std::fill(halves.begin() + 240, halves.end(), std::uint8_t{150});
  for (std::size_t i = 0; i < 50; ++i) {
    const auto out = run(kRampShape, {}, {.contrast = 0.5}, halves, 0, i);
    ASSERT_NEAR((out[0] + out[479]) * 255 / 2, 100, 0.01);  // the mean stays
    ASSERT_LE((out[479] - out[0]) * 255, 150.01);
    ASSERT_GE((out[479] - out[0]) * 255, 49.99);
  }
  for (const float value : run(kRampShape, {}, {.brightness = 1, .contrast = 1},
                               std::vector<std::uint8_t>(kRampShape.count(), 250))) {
    ASSERT_GE(value, 0);
    ASSERT_LE(value, 1.000001F);
  }
}

TEST(Preprocess, RefusesNonsenseByKey) {
  using test::message_of;
  using ::testing::HasSubstr;
  EXPECT_THAT(message_of<ConfigError>([] { data::validate(data::PreprocessOptions{.std = 0}); }),
              HasSubstr("std"));
  EXPECT_THAT(message_of<ConfigError>([] { data::validate(data::PreprocessOptions{.mean = NAN}); }),
              HasSubstr("mean"));
  EXPECT_THAT(message_of<ConfigError>([] { data::validate(data::AugmentOptions{.flip = 1.5}); }),
              HasSubstr("flip"));
  EXPECT_THAT(message_of<ConfigError>([] { data::validate(data::AugmentOptions{.rotation = -1}); }),
              HasSubstr("rotation"));
}

}  // namespace
}  // namespace dsx

// The built-in data: repeatable, balanced, and hard for a linear model, which is what makes it a test of a
// network.
#include "data/sources/phantom.hpp"

#include <gmock/gmock.h>

#include <opencv2/imgproc.hpp>

#include "data/loading/open.hpp"
#include "kernels/base/error.hpp"
#include "logistic_regression.hpp"

namespace dsx {
namespace {

std::vector<std::uint8_t> drawn(std::uint64_t seed, std::size_t index, bool pneumonia, int size) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size * size));
  data::draw_phantom(seed, index, pneumonia, size, pixels);
  return pixels;
}

TEST(Phantom, IsAFunctionOfSeedIndexAndLabel) {
  EXPECT_EQ(drawn(1, 5, true, 64), drawn(1, 5, true, 64));
  EXPECT_NE(drawn(1, 5, true, 64), drawn(1, 5, false, 64));
  EXPECT_NE(drawn(1, 5, true, 64), drawn(2, 5, true, 64));
  EXPECT_NE(drawn(1, 5, true, 64), drawn(1, 6, true, 64));
}

TEST(Phantom, HasAllSplitsBalanced) {
  const auto phantom = data::make_phantom({.size = 32});
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test}) {
    const auto labels = data::labels_of(*phantom, data::indices_of(*phantom, split));
    EXPECT_EQ(std::count(labels.begin(), labels.end(), 1.0F) * 2, static_cast<std::ptrdiff_t>(labels.size()));
  }
  EXPECT_NE(phantom->digest(), data::make_phantom({.size = 32, .seed = 2})->digest());
}

TEST(Phantom, WorksAtAnyReasonableSizeAndWithColourChannels) {
  for (const int size : {32, 33, 64, 224, 500}) {
    const auto pixels = drawn(1, 0, true, size);
    const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end());
    EXPECT_GT(*high - *low, 60) << size;
  }
  const auto phantom = data::make_phantom({.size = 40, .channels = 3});
  std::vector<std::uint8_t> pixels(3 * 1600);
  phantom->read(3, pixels);
  EXPECT_TRUE(std::equal(pixels.begin(), pixels.begin() + 1600, pixels.begin() + 3200));
}

TEST(Phantom, RefusesWhatCannotBeDrawn) {
  EXPECT_THROW(data::make_phantom({.size = 31}), ConfigError);
  EXPECT_THROW(data::make_phantom({.train = 1}), ConfigError);
}

TEST(Phantom, LinearModelOn32x32PixelsStaysBelowAuc75) {
  const auto phantom = data::make_phantom({});
  const auto features_of = [&](data::Split split) {
    const auto indices = data::indices_of(*phantom, split);
    test::Samples samples{cv::Mat1f(static_cast<int>(indices.size()), 1024),
                          data::labels_of(*phantom, indices)};
    cv::setNumThreads(2);
    cv::parallel_for_({0, static_cast<int>(indices.size())}, [&](const cv::Range& range) {
      std::vector<std::uint8_t> pixels(320 * 320);
      for (int i = range.start; i < range.end; ++i) {
        phantom->read(indices[static_cast<std::size_t>(i)], pixels);
        cv::Mat small, row = samples.features.row(i).reshape(1, 32);
        cv::resize(cv::Mat(320, 320, CV_8U, pixels.data()), small, {32, 32}, 0, 0, cv::INTER_AREA);
        small.convertTo(row, CV_32F, 1.0 / 255);
      }
    });
    return samples;
  };
  const test::Samples train = features_of(data::Split::train), test = features_of(data::Split::test);
  for (const double l2 : {0.003, 0.03}) {
    const double auc = test::logistic_regression_auc(train, test, l2);
    RecordProperty("auc_l2_" + std::to_string(l2), std::to_string(auc));
    EXPECT_LT(auc, 0.75) << "l2 " << l2;
  }
}

// The helper itself: on data that are linearly separable it must find it, or the test above could not fail.
TEST(LogisticRegression, FindsALinearSignal) {
  const auto make = [](unsigned first) {
    test::Samples samples{cv::Mat1f(400, 20), {}};
    cv::RNG random(first);
    for (int i = 0; i < 400; ++i) {
      for (int f = 0; f < 20; ++f) samples.features(i, f) = static_cast<float>(random.gaussian(1));
      samples.labels.push_back(i % 2 == 0 ? 1.0F : 0.0F);
      samples.features(i, 3) += samples.labels.back() * 2;
    }
    return samples;
  };
  EXPECT_GT(test::logistic_regression_auc(make(1), make(1000), 0.003), 0.88);
}

}  // namespace
}  // namespace dsx

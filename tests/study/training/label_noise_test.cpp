// Wrong labels: how many, which, and what they depend on.
#include "study/training/label_noise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "study/settings/noise_kind.hpp"

namespace dsx {
namespace {

// 4000 images of 32 x 32 that are a gradient of random slope: no drawing, so that the test is fast.
class Gradients : public data::Dataset {
 public:
  explicit Gradients(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string name = "image-" + std::to_string(i);
      items_.push_back({name, name, "", i % 4 == 0 ? 0 : 1, data::Split::train});  // a quarter is negative
    }
  }
  const std::vector<data::Item>& items() const override { return items_; }
  data::ImageShape shape() const override { return {1, 32, 32}; }
  const std::vector<std::string>& class_names() const override { return names_; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    ++reads;
    const int slope = static_cast<int>(index * 7 % 101), exposure = static_cast<int>(index * 13 % 50);
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x)
        chw[static_cast<std::size_t>(y * 32 + x)] =
            static_cast<std::uint8_t>(exposure + (slope * x + (100 - slope) * y) / 16);
  }
  std::string description() const override { return "gradients"; }
  mutable std::size_t reads = 0;

 private:
  std::vector<data::Item> items_;
  std::vector<std::string> names_ = {"NORMAL", "PNEUMONIA"};
};

constexpr int kGradientImages = 4000;

struct Noisy {
  settings::SplitData train;
  training::NoiseRecord record;
  std::set<std::string> names() const { return {record.names.begin(), record.names.end()}; }
};

Noisy noisy(const std::string& kind, double rate, std::uint64_t seed = 1,
            const Gradients& data = Gradients(kGradientImages)) {
  settings::Settings settings;
  settings.noise_kind = kind;
  settings.label_noise = rate;
  settings.seed = seed;
  Noisy result;
  result.train = settings::split_data(data, data::Split::train);
  result.record = training::add_label_noise(data, settings, result.train);
  return result;
}

// Five standard deviations of a binomial count: a correct program fails once in two million seeds, and the
// seed is fixed.
void expect_share(std::size_t count, double images, double rate) {
  EXPECT_NEAR(static_cast<double>(count), images * rate, 5 * std::sqrt(images * rate * (1 - rate)) + 1);
}

TEST(LabelNoise, FlipsTheAskedShare) {
  for (const double rate : {0.05, 0.2, 0.5}) {
    const training::NoiseRecord symmetric = noisy("symmetric", rate).record;
    expect_share(symmetric.positive_to_negative, 3000, rate);
    expect_share(symmetric.negative_to_positive, 1000, rate);
    const training::NoiseRecord positives = noisy("positive_to_negative", rate).record;
    expect_share(positives.positive_to_negative, 3000, rate);
    EXPECT_EQ(positives.negative_to_positive, 0U);
    const training::NoiseRecord negatives = noisy("negative_to_positive", rate).record;
    EXPECT_EQ(negatives.positive_to_negative, 0U);
    expect_share(negatives.negative_to_positive, 1000, rate);
    const training::NoiseRecord instance = noisy("instance", rate).record;
    expect_share(instance.positive_to_negative, 3000, rate);
    expect_share(instance.negative_to_positive, 1000, rate);
  }
}

TEST(LabelNoise, ZeroChangesNothingAndReadsNoImage) {
  const Gradients data(100);
  for (const std::string& kind : settings::noise_kind_names()) {
    const Noisy none = noisy(kind, 0, 1, data);
    EXPECT_EQ(none.train.labels, settings::split_data(data, data::Split::train).labels);
    EXPECT_EQ(none.record.flipped(), 0U);
  }
  EXPECT_EQ(data.reads, 0U);
}

TEST(LabelNoise, RecordNamesExactlyTheChangedLabels) {
  const Gradients data(kGradientImages);
  const std::vector<float> before = settings::split_data(data, data::Split::train).labels;
  for (const std::string& kind : settings::noise_kind_names()) {
    const Noisy result = noisy(kind, 0.3, 7, data);
    const std::set<std::string> names = result.names();
    for (std::size_t i = 0; i < before.size(); ++i)
      ASSERT_EQ(result.train.labels[i], names.count(data.items()[i].name) != 0 ? 1 - before[i] : before[i]);
    EXPECT_EQ(result.record.flipped(),
              result.record.positive_to_negative + result.record.negative_to_positive);
  }
}

TEST(LabelNoise, AHigherRateHasTheWrongLabelsOfALowerOne) {
  for (const std::string& kind : settings::noise_kind_names()) {
    std::set<std::string> lower;
    for (const double rate : {0.1, 0.2, 0.4, 0.5}) {
      const std::set<std::string> names = noisy(kind, rate).names();
      EXPECT_GT(names.size(), lower.size()) << kind;
      EXPECT_TRUE(std::includes(names.begin(), names.end(), lower.begin(), lower.end())) << kind << rate;
      lower = names;
    }
  }
}

TEST(LabelNoise, DependsOnTheNoiseSeedOnly) {
  const Gradients data(kGradientImages);
  settings::Settings settings;
  settings.label_noise = 0.2;
  const auto digest = [&](const settings::Settings& s) {
    settings::SplitData train = settings::split_data(data, data::Split::train);
    return training::add_label_noise(data, s, train).digest;
  };
  const std::string first = digest(settings);
  settings::Settings other = settings;
  other.seed = 2;
  EXPECT_NE(digest(other), first);
  other.seed_noise = 1;  // the same as seed 1 gives
  EXPECT_EQ(digest(other), first);
  other = settings;
  other.variant = "strided";
  other.batch = 8;
  other.seed_order = other.seed_initialisation = other.seed_augmentation = other.seed_split = 9;
  EXPECT_EQ(digest(other), first);
}

// Whether an image's label is wrong follows the image, not the images beside it.
TEST(LabelNoise, OfAnImageIsTheSameInALargerSet) {
  const std::set<std::string> few = noisy("symmetric", 0.2, 1, Gradients(500)).names();
  std::set<std::string> many = noisy("symmetric", 0.2, 1, Gradients(kGradientImages)).names();
  std::erase_if(many, [](const std::string& name) { return std::stoi(name.substr(6)) >= 500; });
  EXPECT_EQ(many, few);
}

// Images with the same slope are the same structure at another exposure: they share their rate.
TEST(LabelNoise, InstanceKindFollowsWhatTheImageLooksLike) {
  std::map<int, std::pair<double, double>> by_slope;  // wrong, all; positives only
  const Noisy result = noisy("instance", 0.4);
  for (std::size_t i = 0; i < result.train.labels.size(); ++i) {
    if (i % 4 == 0) continue;
    auto& [wrong, all] = by_slope[static_cast<int>(i * 7 % 101)];
    wrong += result.train.labels[i] == 0 ? 1 : 0;
    ++all;
  }
  // 101 groups of about 30: independent of the image, their shares would vary by .4 * .6 / 30 = .008.
  double mean = 0, square = 0;
  for (const auto& [slope, counts] : by_slope) mean += counts.first / counts.second / 101;
  for (const auto& [slope, counts] : by_slope)
    square += std::pow(counts.first / counts.second - mean, 2) / 100;
  EXPECT_NEAR(mean, 0.4, 0.05);
  EXPECT_GT(square, 3 * 0.008);
  double symmetric_square = 0;
  const Noisy control = noisy("symmetric", 0.4);
  by_slope.clear();
  for (std::size_t i = 0; i < control.train.labels.size(); ++i) {
    if (i % 4 == 0) continue;
    auto& [wrong, all] = by_slope[static_cast<int>(i * 7 % 101)];
    wrong += control.train.labels[i] == 0 ? 1 : 0;
    ++all;
  }
  for (const auto& [slope, counts] : by_slope)
    symmetric_square += std::pow(counts.first / counts.second - 0.4, 2) / 100;
  EXPECT_LT(symmetric_square, 2 * 0.008);
}

TEST(LabelNoise, InstanceKindSurvivesFlatImages) {
  class Flat : public Gradients {
   public:
    using Gradients::Gradients;
    void read(std::size_t, std::span<std::uint8_t> chw) const override {
      std::fill(chw.begin(), chw.end(), std::uint8_t{90});
    }
  };
  const training::NoiseRecord record = noisy("instance", 0.5, 1, Flat(kGradientImages)).record;
  expect_share(record.flipped(), kGradientImages, 0.5);
}

}  // namespace
}  // namespace dsx

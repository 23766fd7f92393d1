// One probability per image, one uniform number per image, and a comparison.
#include "study/training/label_noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "data/io/files.hpp"
#include "kernels/base/random.hpp"

namespace dsx::training {
namespace {

constexpr int kSide = 16;  // of the small image that the instance kind looks at
constexpr std::size_t kPixels = std::size_t{kSide} * kSide;
constexpr std::uint64_t kDirectionStream = 0x646972656374;

using Thumbnail = std::array<double, kPixels>;

std::uint64_t key_of(const std::string& name) {
  return std::stoull(data::sha256_hex(name).substr(0, 16), nullptr, 16);
}

// Means over the cells of a 16 x 16 grid, channels together, then mean 0 and variance 1 (all 0 for a flat
// image).
Thumbnail thumbnail_of(const data::ImageShape& shape, const std::vector<std::uint8_t>& chw) {
  Thumbnail sums{}, counts{};
  std::size_t at = 0;
  for (int c = 0; c < shape.channels; ++c)
    for (int y = 0; y < shape.height; ++y)
      for (int x = 0; x < shape.width; ++x) {
        const int cell = (y * kSide / shape.height) * kSide + x * kSide / shape.width;
        sums[static_cast<std::size_t>(cell)] += chw[at++];
        counts[static_cast<std::size_t>(cell)] += 1;
      }
  // Images below 16 pixels a side leave cells empty; they stay at 0 and count for nothing.
  double total = 0, cells = 0;
  for (std::size_t i = 0; i < kPixels; ++i)
    if (counts[i] > 0) {
      sums[i] /= counts[i];
      total += sums[i];
      ++cells;
    }
  double square = 0;
  for (std::size_t i = 0; i < kPixels; ++i) {
    sums[i] = counts[i] > 0 ? sums[i] - total / cells : 0;
    square += sums[i] * sums[i];
  }
  const double deviation = std::sqrt(square / cells);
  for (double& value : sums) value = deviation > 0 ? value / deviation : 0;
  return sums;
}

Thumbnail direction_of(std::uint64_t seed, std::uint64_t label) {
  Random random{seed, kDirectionStream, label};
  Thumbnail direction{};
  for (double& value : direction) value = random.normal();
  return direction;
}

// Rank of each image's score within its class, in (0, 1): (place + 1/2) / images of the class.
std::vector<double> ranks_of(const data::Dataset& dataset, const settings::SplitData& train,
                             std::uint64_t seed) {
  const std::array directions = {direction_of(seed, 0), direction_of(seed, 1)};
  std::vector<std::uint8_t> pixels(dataset.shape().count());
  std::vector<double> scores(train.indices.size()), ranks(train.indices.size());
  for (std::size_t i = 0; i < train.indices.size(); ++i) {
    dataset.read(train.indices[i], pixels);
    const Thumbnail image = thumbnail_of(dataset.shape(), pixels);
    const Thumbnail& direction = directions[train.labels[i] > 0.5F ? 1 : 0];
    scores[i] = std::inner_product(image.begin(), image.end(), direction.begin(), 0.0);
  }
  for (const bool positive : {false, true}) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < scores.size(); ++i)
      if ((train.labels[i] > 0.5F) == positive) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
    for (std::size_t place = 0; place < order.size(); ++place)
      ranks[order[place]] = (static_cast<double>(place) + 0.5) / static_cast<double>(order.size());
  }
  return ranks;
}

std::vector<double> probabilities(const data::Dataset& dataset, const settings::Settings& settings,
                                  const settings::SplitData& train, std::uint64_t seed) {
  const double rate = settings.label_noise;
  std::vector<double> p(train.labels.size(), rate);
  if (settings.noise_kind == "instance") {
    const std::vector<double> ranks = ranks_of(dataset, train, seed);
    std::transform(ranks.begin(), ranks.end(), p.begin(), [&](double rank) { return 2 * rate * rank; });
  } else if (settings.noise_kind != "symmetric") {
    const bool from_positive = settings.noise_kind == "positive_to_negative";
    for (std::size_t i = 0; i < p.size(); ++i)
      if ((train.labels[i] > 0.5F) != from_positive) p[i] = 0;
  }
  return p;
}

}  // namespace

NoiseRecord add_label_noise(const data::Dataset& dataset, const settings::Settings& settings,
                            settings::SplitData& train) {
  NoiseRecord record;
  record.kind = settings.noise_kind;
  record.rate = settings.label_noise;
  record.images = train.labels.size();
  if (settings.label_noise > 0) {
    const std::uint64_t seed = settings::seed_for(settings, settings::SeedUse::noise);
    const std::vector<double> p = probabilities(dataset, settings, train, seed);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const std::string& name = dataset.items()[train.indices[i]].name;
      if (Random{seed, key_of(name)}.uniform() >= p[i]) continue;
      ++(train.labels[i] > 0.5F ? record.positive_to_negative : record.negative_to_positive);
      train.labels[i] = 1 - train.labels[i];
      record.names.push_back(name);
    }
  }
  std::string list;
  for (const std::string& name : record.names) list += name + '\n';
  record.digest = data::sha256_hex(list);
  return record;
}

}  // namespace dsx::training

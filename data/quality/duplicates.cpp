// Copies by two maps (files, pixels) joined by union-find; near pairs by hamming_index.hpp.
#include "data/quality/duplicates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <unordered_map>

#include "data/quality/hamming_index.hpp"
#include "data/sources/groups.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr int kComparedSide = 64;         // at which similarity() looks
constexpr double kLeastSimilarity = 0.8;  // below, everything is alike
constexpr double kThumbnailSlack =
    0.02;  // thumbnails correlate more than the images they are of, or hardly less
constexpr std::size_t kMaxNearPairs = 1'000'000;  // each costs two reads

std::vector<CopyGroup> copies(const std::vector<Item>& items, const std::vector<Fingerprint>& fingerprints) {
  Groups groups(items.size());
  std::unordered_map<std::string, std::size_t> by_file;
  std::map<std::array<std::uint64_t, 2>, std::size_t> by_pixels;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].sha256.empty()) groups.join(i, by_file.try_emplace(items[i].sha256, i).first->second);
    groups.join(i, by_pixels.try_emplace(fingerprints[i].pixels, i).first->second);
  }
  std::vector<CopyGroup> result;
  for (const std::vector<std::size_t>& indices : groups.members()) {
    if (indices.size() < 2) continue;
    CopyGroup group{indices};
    const Item& first = items[indices.front()];
    group.same_file = true;
    for (const std::size_t index : indices) {
      group.same_file &= items[index].sha256 == first.sha256;
      group.across_splits |= items[index].split != first.split;
      group.across_classes |= items[index].label != first.label;
      group.across_subjects |= items[index].subject != first.subject;
    }
    result.push_back(std::move(group));
  }
  return result;
}

NearPair describe(const Dataset& dataset, std::size_t first, std::size_t second, int distance) {
  NearPair pair{first, second, distance, similarity(dataset, first, second)};
  const Item &a = dataset.items()[first], &b = dataset.items()[second];
  pair.across_splits = a.split != b.split;
  pair.across_classes = a.label != b.label;
  pair.across_subjects = a.subject != b.subject;
  return pair;
}

}  // namespace

std::size_t Duplicates::surplus_copies() const {
  std::size_t surplus = 0;
  for (const CopyGroup& group : groups) surplus += group.indices.size() - 1;
  return surplus;
}

void check(const DuplicateOptions& options) {
  if (options.radius < 0 || options.radius > kMaxHammingRadius)
    throw ConfigError(
        fmt::format("radius: {} is not between 0 and {} bits", options.radius, kMaxHammingRadius));
  if (!(options.similarity >= kLeastSimilarity && options.similarity <= 1))
    throw ConfigError(
        fmt::format("similarity: {} is not between {} and 1", options.similarity, kLeastSimilarity));
}

Duplicates find_duplicates(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                           const DuplicateOptions& options) {
  check(options);
  Duplicates result;
  result.groups = copies(dataset.items(), fingerprints);
  std::vector<bool> surplus(dataset.items().size());
  for (const CopyGroup& group : result.groups)
    for (std::size_t i = 1; i < group.indices.size(); ++i) surplus[group.indices[i]] = true;
  std::vector<std::uint64_t> hashes;
  std::vector<std::size_t> index_of;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (surplus[i]) continue;
    hashes.push_back(fingerprints[i].look.bits);
    index_of.push_back(i);
  }
  const auto alike = [&](std::uint32_t a, std::uint32_t b) {
    return thumbnail_correlation(fingerprints[index_of[a]].look, fingerprints[index_of[b]].look) >=
           options.similarity - kThumbnailSlack;
  };
  const HashPairs pairs = pairs_within(hashes, options.radius, options.jobs, kMaxNearPairs, alike);
  result.truncated = pairs.truncated;
  for (const HashPair& pair : pairs.pairs) {
    const NearPair near = describe(dataset, index_of[pair.first], index_of[pair.second], pair.distance);
    if (near.similarity >= options.similarity) result.near.push_back(near);
  }
  std::stable_sort(result.near.begin(), result.near.end(),
                   [](const NearPair& a, const NearPair& b) { return a.similarity > b.similarity; });
  return result;
}

double similarity(const Dataset& dataset, std::size_t first, std::size_t second) {
  const ImageShape shape = dataset.shape();
  std::vector<std::uint8_t> pixels(shape.count());
  const auto standardised = [&](std::size_t index) {
    dataset.read(index, pixels);
    const cv::Mat image(shape.height, shape.width, CV_8U, pixels.data());  // the first channel
    cv::Mat small;
    cv::resize(image, small, {kComparedSide, kComparedSide}, 0, 0, cv::INTER_AREA);
    small.convertTo(small, CV_64F);
    cv::Scalar mean, deviation;
    cv::meanStdDev(small, mean, deviation);
    small = (small - mean[0]) / std::max(deviation[0], 1e-6);
    return small;
  };
  const cv::Mat a = standardised(first), b = standardised(second);
  return a.dot(b) / (kComparedSide * kComparedSide);
}

}  // namespace dsx::data

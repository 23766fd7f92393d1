// Copies by two maps (files, pixels) joined by union-find; near pairs by hamming_index.hpp.
#include "data/duplicates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <unordered_map>

#include "data/groups.hpp"
#include "data/hamming_index.hpp"
#include "kernels/error.hpp"

namespace dsx {
namespace {

constexpr int kSide = 64;  // at which similarity() looks

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

}  // namespace

std::size_t Duplicates::surplus_copies() const {
  std::size_t surplus = 0;
  for (const CopyGroup& group : groups) surplus += group.indices.size() - 1;
  return surplus;
}

Duplicates find_duplicates(const std::vector<Item>& items, const std::vector<Fingerprint>& fingerprints,
                           int radius, int jobs) {
  if (radius < 0 || radius > kMaxHammingRadius)
    throw ConfigError(fmt::format("radius: {} is not between 0 and {} bits", radius, kMaxHammingRadius));
  Duplicates result;
  result.radius = radius;
  result.groups = copies(items, fingerprints);
  std::vector<bool> surplus(items.size());
  for (const CopyGroup& group : result.groups)
    for (std::size_t i = 1; i < group.indices.size(); ++i) surplus[group.indices[i]] = true;
  std::vector<std::uint64_t> hashes;
  std::vector<std::size_t> index_of;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (surplus[i]) continue;
    hashes.push_back(fingerprints[i].perceptual);
    index_of.push_back(i);
  }
  HashPairs pairs = pairs_within(hashes, radius, jobs);
  result.truncated = pairs.truncated;
  for (const HashPair& pair : pairs.pairs) {
    NearPair near{index_of[pair.first], index_of[pair.second], pair.distance};
    const Item &a = items[near.first], &b = items[near.second];
    near.across_splits = a.split != b.split;
    near.across_classes = a.label != b.label;
    near.across_subjects = a.subject != b.subject;
    result.near.push_back(near);
  }
  return result;
}

double similarity(const Dataset& dataset, std::size_t first, std::size_t second) {
  const ImageShape shape = dataset.shape();
  std::vector<std::uint8_t> pixels(shape.count());
  const auto standardised = [&](std::size_t index) {
    dataset.read(index, pixels);
    const cv::Mat image(shape.height, shape.width, CV_8U, pixels.data());  // the first channel
    cv::Mat small;
    cv::resize(image, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
    small.convertTo(small, CV_64F);
    cv::Scalar mean, deviation;
    cv::meanStdDev(small, mean, deviation);
    small = (small - mean[0]) / std::max(deviation[0], 1e-6);
    return small;
  };
  const cv::Mat a = standardised(first), b = standardised(second);
  return a.dot(b) / (kSide * kSide);
}

}  // namespace dsx

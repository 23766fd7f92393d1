// OpenCV's INTER_AREA and dct(), then a median.
#include "data/quality/perceptual_hash.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace dsx::data {
namespace {

constexpr int kSide = 32;          // of the shrunk image
constexpr std::size_t kBits = 64;  // coefficients kept
constexpr double kFlat = 1e-3;     // standard deviation of an image of one value, with rounding
constexpr float kNothing = 1e-3F;  // a coefficient below this, of pixels 0..255, is rounding

// Rows and columns of the first 64 coefficients after the mean, by diagonals (row + column = 1, 2, ...).
std::array<cv::Point, kBits> lowest_frequencies() {
  std::array<cv::Point, kBits> places;
  std::size_t count = 0;
  for (int diagonal = 1; count < kBits; ++diagonal)
    for (int row = 0; row <= diagonal && count < kBits; ++row) places[count++] = {diagonal - row, row};
  return places;
}

cv::Mat1f shrunk(ImageShape shape, std::span<const std::uint8_t> chw) {
  cv::Mat1f sum(kSide, kSide, 0.0F);
  const std::size_t plane = shape.count() / static_cast<std::size_t>(shape.channels);
  for (std::size_t c = 0; c < static_cast<std::size_t>(shape.channels); ++c) {
    const cv::Mat channel(shape.height, shape.width, CV_8U, const_cast<std::uint8_t*>(&chw[c * plane]));
    cv::Mat pixels, small;
    channel.convertTo(pixels, CV_32F, 1.0 / shape.channels);
    cv::resize(pixels, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
    sum += small;
  }
  return sum;
}

std::uint64_t hash_of(const cv::Mat1f& small) {
  static const std::array<cv::Point, kBits> places = lowest_frequencies();
  cv::Mat1f frequencies;
  cv::dct(small, frequencies);
  std::array<float, kBits> values;
  for (std::size_t i = 0; i < kBits; ++i) {
    values[i] = frequencies(places[i]);
    if (std::abs(values[i]) < kNothing) values[i] = 0;
  }
  std::array<float, kBits> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + kBits / 2, sorted.end());
  const float upper = sorted[kBits / 2];
  const float lower = *std::max_element(sorted.begin(), sorted.begin() + kBits / 2);
  const float median = (lower + upper) / 2;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kBits; ++i)
    if (values[i] > median) hash |= std::uint64_t{1} << i;
  return hash;
}

void fill_thumbnail(const cv::Mat1f& small, PerceptualHash& hash) {
  cv::Mat1f tiny;
  cv::resize(small, tiny, {kThumbnailSide, kThumbnailSide}, 0, 0, cv::INTER_AREA);
  cv::Scalar mean, deviation;
  cv::meanStdDev(tiny, mean, deviation);
  if (deviation[0] < kFlat) return;
  std::transform(tiny.begin(), tiny.end(), hash.thumbnail.begin(), [&](float value) {
    return static_cast<std::int8_t>(
        std::clamp(std::lround((value - mean[0]) / deviation[0] * 32), -127L, 127L));
  });
}

}  // namespace

PerceptualHash perceptual_hash(ImageShape shape, std::span<const std::uint8_t> chw) {
  const cv::Mat1f small = shrunk(shape, chw);
  PerceptualHash hash;
  hash.bits = hash_of(small);
  fill_thumbnail(small, hash);
  return hash;
}

double thumbnail_correlation(const PerceptualHash& a, const PerceptualHash& b) {
  int ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.thumbnail.size(); ++i) {
    const int x = a.thumbnail[i], y = b.thumbnail[i];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(double{1} * aa * bb) : 0;
}

}  // namespace dsx::data

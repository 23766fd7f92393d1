// Resizing and colours are OpenCV's. The range comes first: what it clips must not be averaged with its
// neighbours.
#include "data/formats/fit_image.hpp"

#include <algorithm>
#include <array>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace dsx::data {
namespace {

// Area averaging per axis where the image shrinks, bilinear where it grows.
cv::Mat resized(const cv::Mat& image, int size, Resize resize) {
  if (image.rows == size && image.cols == size) return image;
  cv::Mat result;
  if (resize == Resize::bilinear) {
    cv::resize(image, result, {size, size}, 0, 0, cv::INTER_LINEAR);
    return result;
  }
  const cv::Size smaller(std::min(image.cols, size), std::min(image.rows, size));
  if (smaller == image.size()) {
    result = image;
  } else {
    cv::resize(image, result, smaller, 0, 0, cv::INTER_AREA);
  }
  if (result.rows != size || result.cols != size)
    cv::resize(result, result, {size, size}, 0, 0, cv::INTER_LINEAR);
  return result;
}

template <typename T>
bool only_values(const cv::Mat& image, double low, double high) {
  for (int r = 0; r < image.rows; ++r) {
    const T* row = image.ptr<T>(r);
    for (int i = 0; i < image.cols * image.channels(); ++i)
      if (row[i] != static_cast<T>(low) && row[i] != static_cast<T>(high)) return false;
  }
  return true;
}

bool has_two_values(const cv::Mat& image, const UsedValues& used) {
  if (!(used.high > used.low)) return false;
  switch (image.depth()) {
    case CV_8U:
      return only_values<std::uint8_t>(image, used.low, used.high);
    case CV_16U:
      return only_values<std::uint16_t>(image, used.low, used.high);
    case CV_16S:
      return only_values<std::int16_t>(image, used.low, used.high);
    case CV_32F:
      return only_values<float>(image, used.low, used.high);
    default:
      return only_values<double>(image, used.low, used.high);
  }
}

// Levels that a hundredth of the pixels is below, and above.
void find_levels(std::span<const std::uint8_t> pixels, ImageFacts& facts) {
  std::array<std::size_t, 256> count{};
  for (const std::uint8_t level : pixels) ++count[level];
  const std::size_t few = pixels.size() / 100;
  std::size_t below = 0, above = 0;
  for (facts.dark = 0; facts.dark < 255 && below + count[static_cast<std::size_t>(facts.dark)] <= few;
       ++facts.dark)
    below += count[static_cast<std::size_t>(facts.dark)];
  for (facts.bright = 255; facts.bright > 0 && above + count[static_cast<std::size_t>(facts.bright)] <= few;
       --facts.bright)
    above += count[static_cast<std::size_t>(facts.bright)];
}

}  // namespace

ImageFacts fit_image(const Picture& picture, const DecodeOptions& options, std::span<std::uint8_t> chw) {
  ImageFacts facts;
  facts.source = {picture.image.rows, picture.image.cols};
  facts.kind = picture.kind;
  facts.used = used_values(picture.image);
  facts.range = chosen_range(picture, options.intensity);
  facts.own_range = picture.own_range;
  facts.patient = picture.patient;
  facts.note = picture.note;
  facts.two_values = has_two_values(picture.image, facts.used);
  cv::Mat image = with_range(picture.image, facts.range);
  if (image.channels() == 3 && options.channels == 1) cv::cvtColor(image, image, cv::COLOR_RGB2GRAY);
  image = resized(image, options.size, options.resize);
  if (image.channels() == 1 && options.channels == 3) cv::cvtColor(image, image, cv::COLOR_GRAY2RGB);
  if (image.depth() == CV_16U) image.convertTo(image, CV_8U, 1.0 / 257);
  const int plane = options.size * options.size;
  std::vector<cv::Mat> planes;
  planes.reserve(static_cast<std::size_t>(options.channels));
  for (int c = 0; c < options.channels; ++c)
    planes.emplace_back(options.size, options.size, CV_8U,
                        chw.data() + static_cast<std::ptrdiff_t>(c) * plane);
  cv::split(image, planes);
  find_levels(chw, facts);
  facts.flat = std::all_of(planes.begin(), planes.end(), [](const cv::Mat& one) {
    double low = 0, high = 0;
    cv::minMaxIdx(one, &low, &high);
    return low == high;
  });
  return facts;
}

}  // namespace dsx::data

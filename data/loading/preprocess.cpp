// The study's image switches. The filters work on uint8 with OpenCV; brightness, contrast and normalisation
// are one pass of float arithmetic that compilers vectorise.
#include "data/loading/preprocess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"

namespace dsx::data {
namespace {

constexpr std::uint64_t kAugmentStream =
    0x617567;  // keeps augmentation's random numbers apart from the order's

void check_range(const char* key, double value, double low, double high, const char* what) {
  if (!(value >= low && value <= high))  // also refuses NaN
    throw ConfigError(fmt::format("{}: {} is not {} between {} and {}", key, value, what, low, high));
}

cv::Mat plane_of(std::span<std::uint8_t> chw, const ImageShape& shape, int channel) {
  return {shape.height, shape.width, CV_8U,
          chw.data() + static_cast<std::ptrdiff_t>(channel) * shape.height * shape.width};
}

// Equalises the luma of RGB planes and shifts all three by its change, which keeps hues.
void equalize_rgb(std::span<std::uint8_t> chw, const ImageShape& shape) {
  std::vector<cv::Mat> planes{plane_of(chw, shape, 0), plane_of(chw, shape, 1), plane_of(chw, shape, 2)};
  cv::Mat rgb, luma_chroma;
  cv::merge(planes, rgb);
  cv::cvtColor(rgb, luma_chroma, cv::COLOR_RGB2YCrCb);
  std::vector<cv::Mat> parts;
  cv::split(luma_chroma, parts);
  cv::equalizeHist(parts[0], parts[0]);
  cv::merge(parts, luma_chroma);
  cv::cvtColor(luma_chroma, rgb, cv::COLOR_YCrCb2RGB);
  cv::split(rgb, planes);
}

// What one image gets in one epoch. Every number is drawn whatever is switched on, so that switching one
// augmentation on leaves the others as they were.
struct Draw {
  bool flip;
  double degrees, brightness, contrast;
};

Draw draw(const AugmentOptions& options, std::uint64_t seed, int epoch, std::size_t index) {
  Random random{seed, kAugmentStream, static_cast<std::uint64_t>(epoch), index};
  Draw result{};
  result.flip = random.uniform() < options.flip;
  result.degrees = options.rotation * random.uniform(-1, 1);
  result.brightness = 1 + options.brightness * random.uniform(-1, 1);
  result.contrast = 1 + options.contrast * random.uniform(-1, 1);
  return result;
}

// Compiled for several instruction sets, of which the loader picks one: its core is one that trains, too. Not
// under the thread sanitizer: GCC instruments what picks, which runs before the sanitizer is there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void scale(std::span<const std::uint8_t> in, std::span<float> out, float factor, float offset) {
  const std::uint8_t* from = in.data();
  float* to = out.data();
  for (std::size_t i = 0; i < in.size(); ++i) to[i] = static_cast<float>(from[i]) * factor + offset;
}

// torchvision's ColorJitter: brightness multiplies, contrast blends with the image's mean; each clips to [0,
// 255].
void scale_jittered(std::span<const std::uint8_t> in, std::span<float> out, float factor, float offset,
                    float brightness, float contrast) {
  double sum = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = std::min(255.0F, static_cast<float>(in[i]) * brightness);
    sum += out[i];
  }
  const float base = (1 - contrast) * static_cast<float>(sum / static_cast<double>(in.size()));
  for (float& value : out) value = std::clamp(value * contrast + base, 0.0F, 255.0F) * factor + offset;
}

}  // namespace

void validate(const PreprocessOptions& options) {
  check_range("mean", options.mean, -10, 10, "a number");
  check_range("std", options.std, 1e-6, 1e6, "a number");
}

void validate(const AugmentOptions& options) {
  check_range("flip", options.flip, 0, 1, "a probability");
  check_range("rotation", options.rotation, 0, 180, "an angle in degrees");
  check_range("brightness", options.brightness, 0, 1, "a share");
  check_range("contrast", options.contrast, 0, 1, "a share");
}

Preprocessor::Preprocessor(ImageShape shape, PreprocessOptions preprocess, AugmentOptions augment,
                           std::uint64_t seed)
    : shape_(shape), preprocess_(preprocess), augment_(augment), seed_(seed) {
  validate(preprocess_);
  validate(augment_);
  changed_.resize(shape_.count());
  scratch_.resize(shape_.count());
  planar_.resize(shape_.count());
}

void Preprocessor::filter(std::span<std::uint8_t> chw) {
  if (preprocess_.equalize && shape_.channels == 3) equalize_rgb(chw, shape_);
  for (int c = 0; c < shape_.channels; ++c) {
    cv::Mat image = plane_of(chw, shape_, c), other = plane_of(scratch_, shape_, c);
    if (preprocess_.equalize && shape_.channels == 1) cv::equalizeHist(image, image);
    if (preprocess_.denoise) {
      cv::medianBlur(image, other, 3);
      other.copyTo(image);
    }
    if (preprocess_.sharpen) {
      const cv::Matx33f kernel(0, -1, 0, -1, 5, -1, 0, -1, 0);
      cv::filter2D(image, other, CV_8U, kernel);
      other.copyTo(image);
    }
  }
}

void Preprocessor::warp(std::span<std::uint8_t> chw, bool flip, double degrees) {
  for (int c = 0; c < shape_.channels; ++c) {
    cv::Mat image = plane_of(chw, shape_, c), other = plane_of(scratch_, shape_, c);
    if (flip) {
      cv::flip(image, other, 1);
      other.copyTo(image);
    }
    if (degrees != 0) {
      const cv::Point2f centre(static_cast<float>(shape_.width - 1) / 2,
                               static_cast<float>(shape_.height - 1) / 2);
      cv::warpAffine(image, other, cv::getRotationMatrix2D(centre, degrees, 1), image.size(),
                     cv::INTER_LINEAR, cv::BORDER_REPLICATE);
      other.copyTo(image);
    }
  }
}

void Preprocessor::run(std::span<const std::uint8_t> chw, int epoch, std::size_t index, bool channels_last,
                       std::span<float> out) {
  Draw jitter{false, 0, 1, 1};
  if (augment_.any()) jitter = draw(augment_, seed_, epoch, index);
  const bool filters = preprocess_.equalize || preprocess_.denoise || preprocess_.sharpen;
  if (filters || jitter.flip || jitter.degrees != 0) {
    std::copy(chw.begin(), chw.end(), changed_.begin());
    filter(changed_);
    warp(changed_, jitter.flip, jitter.degrees);
    chw = changed_;
  }
  const auto factor = static_cast<float>(1 / (255 * preprocess_.std));
  const auto offset = static_cast<float>(-preprocess_.mean / preprocess_.std);
  const bool interleave = channels_last && shape_.channels > 1;
  const std::span<float> target = interleave ? std::span<float>(planar_) : out;
  if (jitter.brightness == 1 && jitter.contrast == 1) {
    scale(chw, target, factor, offset);
  } else {
    scale_jittered(chw, target, factor, offset, static_cast<float>(jitter.brightness),
                   static_cast<float>(jitter.contrast));
  }
  if (!interleave) return;
  const auto channels = static_cast<std::size_t>(shape_.channels);
  const std::size_t plane = shape_.count() / channels;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < plane; ++i) out[i * channels + c] = planar_[c * plane + i];
}

}  // namespace dsx::data

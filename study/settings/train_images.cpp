#include "study/settings/train_images.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

namespace dsx::settings {

double train_images_from_text(const std::string& text, const std::string& where) {
  if (text == "all") return kAllTrainImages;
  constexpr double kMost = 1e9;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool whole = value >= 1 && value <= kMost && value == std::floor(value);
  if (error != std::errc() || stop != end || !(whole || (value > 0 && value < 1)))
    throw ConfigError(
        fmt::format("{}: expected a number of training images (400), a share of them (0.25) or all, got '{}'",
                    where, text));
  // "1.0" is a share, "1" an image too few to train on: neither is meant as one image.
  if (value == 1) return kAllTrainImages;
  return value;
}

std::string train_images_text(double wanted) {
  return std::isinf(wanted) ? "all" : fmt::format("{}", wanted);
}

std::size_t count_train_images(double wanted, std::size_t available) {
  if (std::isinf(wanted)) return available;
  const double count = wanted < 1 ? std::round(wanted * static_cast<double>(available)) : wanted;
  if (count > static_cast<double>(available))
    throw ConfigError(fmt::format("train_images: {} is more than the {}; leave --train-images out to use all",
                                  train_images_text(wanted), counted(available, "training image")));
  if (count < 1)
    throw ConfigError(fmt::format("train_images: {} of {} leaves none", train_images_text(wanted),
                                  counted(available, "training image")));
  return static_cast<std::size_t>(count);
}

}  // namespace dsx::settings

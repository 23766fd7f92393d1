#include "study/settings/train_images.hpp"

#include <fmt/format.h>

#include <cmath>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"

namespace dsx::settings {

double train_images_from_text(const std::string& text, const std::string& where) {
  if (text == "all") return kAllTrainImages;
  constexpr double kMost = 1e9;
  const auto number = number_from_text<double>(text);
  const double value = number.value_or(0);
  const bool whole = value >= 1 && value <= kMost && value == std::floor(value);
  if (!(whole || (value > 0 && value < 1)))
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

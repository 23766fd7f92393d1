// How many training images: --train-images as a number. Which ones is study/training/train_subset.hpp's.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

namespace dsx::settings {

// Infinity: all; from 1 on: so many images; between 0 and 1: that share of them.
inline constexpr double kAllTrainImages = std::numeric_limits<double>::infinity();

// "all", "400", "0.25". Throws ConfigError that begins with `where`.
double train_images_from_text(const std::string& text, const std::string& where);
// The one spelling of it: "all", "400", "0.25". A share of 1 is all.
std::string train_images_text(double wanted);
// Of `available` images. Throws ConfigError when there are fewer, or less than one would be left.
std::size_t count_train_images(double wanted, std::size_t available);

}  // namespace dsx::settings

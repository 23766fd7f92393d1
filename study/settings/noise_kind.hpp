// The kinds of label noise by name, and how much of it there may be. What each does:
// training/label_noise.hpp.
#pragma once

#include <string>
#include <vector>

namespace dsx::settings {

// At one half, symmetric labels hold no information any more.
constexpr double kMaxLabelNoise = 0.5;
std::vector<std::string> noise_kind_names();

}  // namespace dsx::settings

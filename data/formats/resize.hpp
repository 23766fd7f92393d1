// How an image becomes the study's size: below everything that decodes, imports or asks for it.
#pragma once

#include <string>

namespace dsx::data {

// area averages when it shrinks (no aliasing) and is bilinear when it enlarges; bilinear samples without
// antialiasing, as the original study did.
enum class Resize { area, bilinear };
std::string to_string(Resize resize);
Resize resize_from_string(const std::string& name);  // throws ConfigError

struct SourceSize {
  int height = 0, width = 0;  // pixels, before any resize
};

}  // namespace dsx::data

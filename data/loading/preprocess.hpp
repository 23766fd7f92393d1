// From uint8 pixels to the network's floats. Preprocessing applies to every split, augmentation to training
// only and is a pure function of (seed, epoch, image index), so that a resumed run repeats it exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::data {

struct PreprocessOptions {
  double mean = 0;        // subtracted, in units of [0, 1] intensity (the original's configuration: 0.485)
  double std = 1;         // divided by, in the same units (the original's configuration: 0.229)
  bool equalize = false;  // histogram equalisation; RGB: of the luma
  bool sharpen = false;   // 3x3 kernel [0 -1 0; -1 5 -1; 0 -1 0]
  bool denoise = false;   // 3x3 median
};

struct AugmentOptions {
  double flip = 0;        // probability of a horizontal flip
  double rotation = 0;    // degrees; uniform in [-rotation, rotation], bilinear, edge pixels repeated
  double brightness = 0;  // factor uniform in [1 - b, 1 + b], clipped to [0, 1] afterwards
  double contrast = 0;    // factor uniform in [1 - c, 1 + c] around the image's mean, clipped
  bool any() const { return flip > 0 || rotation > 0 || brightness > 0 || contrast > 0; }
};

// Throw ConfigError that names the key and its range.
void validate(const PreprocessOptions& options);
void validate(const AugmentOptions& options);

// One image at a time; not thread-safe (it keeps scratch memory), so each thread owns one.
class Preprocessor {
 public:
  Preprocessor(ImageShape shape, PreprocessOptions preprocess, AugmentOptions augment, std::uint64_t seed);

  // chw: uint8 C,H,W. out: shape.count() floats, H,W,C when channels_last, else C,H,W.
  void run(std::span<const std::uint8_t> chw, int epoch, std::size_t index, bool channels_last,
           std::span<float> out);

 private:
  void filter(std::span<std::uint8_t> chw);
  void warp(std::span<std::uint8_t> chw, bool flip, double degrees);

  ImageShape shape_;
  PreprocessOptions preprocess_;
  AugmentOptions augment_;
  std::uint64_t seed_;
  std::vector<std::uint8_t> changed_, scratch_;  // filters and warps work on a copy
  std::vector<float> planar_;
};

}  // namespace dsx::data

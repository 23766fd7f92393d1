// The built-in data set: synthetic chest radiographs, so that the study runs and is tested without any
// download. Each image is a function of (seed, index) and is drawn when it is read; memory_cache.hpp keeps it
// afterwards.
//
// What makes it hard: position, size, tilt, anatomy, exposure and noise vary by patient, and healthy lungs
// carry smooth shadows (soft tissue, shallow breath) of the same places and strength as pneumonia's
// opacities. What tells the classes apart is the opacities' mottled texture, whose mean is zero: a linear
// model of pixels cannot use it.
// Reached on the default images: logistic regression on 32 x 32 pixels a test AUC of 0.67 (a test holds it
// below 0.75), the study's network with default settings 0.999 (maxpool and strided, seed 1).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/sources/dataset.hpp"

namespace dsx::data {

struct PhantomOptions {
  int size = 320;          // pixels per side; details scale with it
  int channels = 1;        // 3: three equal ones
  std::uint64_t seed = 1;  // which patients
  int train = 3072;        // images per split, half of them with pneumonia
  int val = 256;
  int test = 512;
};

// One grey image of size x size pixels. Thread-safe; bitwise repeatable on the same machine and libraries.
void draw_phantom(std::uint64_t seed, std::size_t index, bool pneumonia, int size,
                  std::span<std::uint8_t> pixels);

// Throws ConfigError for a size below 32 or counts that leave a split empty.
std::unique_ptr<Dataset> make_phantom(const PhantomOptions& options);

}  // namespace dsx::data

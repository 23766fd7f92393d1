// Random images for a plan that is timed. A forward pass takes the same time for any values, but for the
// fused engine's fc1, which skips inputs that are 0: their share stands beside its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace dsx::run {

// Random pixels in [0, 1), 64-byte aligned as plans want them.
class AlignedImages {
 public:
  AlignedImages(std::size_t count, std::uint64_t seed);
  float* data() const { return data_.get(); }

 private:
  std::unique_ptr<float, void (*)(void*)> data_;
};

}  // namespace dsx::run

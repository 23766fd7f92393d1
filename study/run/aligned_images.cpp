#include "study/run/aligned_images.hpp"

#include <cstdlib>
#include <new>

#include "kernels/base/random.hpp"

namespace dsx::run {

constexpr std::size_t kAlignment = 64;

AlignedImages::AlignedImages(std::size_t count, std::uint64_t seed) : data_(nullptr, std::free) {
  const std::size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<float*>(std::aligned_alloc(kAlignment, bytes)));
  if (!data_) throw std::bad_alloc();
  Random random{seed};
  for (std::size_t i = 0; i < count; ++i) data_.get()[i] = static_cast<float>(random.uniform());
}

}  // namespace dsx::run

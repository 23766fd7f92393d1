// What the fast filters' training kernels (fast_train_forward-inl.hpp, fast_train_backward_simd.cpp) are
// given beside what the direct ones are, and what they ask of the shape.
#pragma once

#include <cstddef>

#include "kernels/fused/fused_train_simd.hpp"

namespace dsx::fused {

inline constexpr int kFastTogether = 2;  // channels of a result whose weights lie together

struct FastTrainForwardArgs {
  TrainForwardArgs direct;         // what cannot be transformed is left to the direct kernel
  const float* weights = nullptr;  // pack_fast_weights(), kFastTogether channels together
  float* scratch = nullptr;        // of the thread: fast_train_scratch().forward floats
};

struct FastTrainBackwardArgs {
  TrainBackwardArgs direct;        // the same
  const float* weights = nullptr;  // pack_fast_weights() of the turned kernel with the channels exchanged;
                                   // null: the gradient of the source by the direct kernel
  float* scratch = nullptr;        // of the thread: fast_train_scratch().backward floats
};

// Whether there are such kernels for the shape: 5x5, stride 1, pooled, and even numbers of channels in what
// they compute (the source's count only with `diff_src`).
bool fast_train_suits(const TrainBlockShape& shape, bool diff_src);
struct FastTrainScratch {
  std::size_t forward = 0, backward = 0;  // floats
};
FastTrainScratch fast_train_scratch(const TrainBlockShape& shape);
// One image. `scratch` as for train_backward_image().
void fast_train_backward_image(const FastTrainBackwardArgs& args, const TrainScratch& scratch);

}  // namespace dsx::fused

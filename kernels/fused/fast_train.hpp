// Fast filters in training: whether a block takes them, and the weights and memory that they want of it
// (fast_train_simd.hpp: the arithmetic).
#pragma once

#include <hwy/aligned_allocator.h>

#include <memory>
#include <vector>

#include "kernels/fused/fused_train_simd.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::fused {

class FastTrain {
 public:
  // Null: the direct kernels. conv_flop: of one image's convolution, by its definition.
  static std::shared_ptr<FastTrain> forward(kernels::Algorithm algorithm, const TrainBlockShape& shape,
                                            double conv_flop);
  static std::shared_ptr<FastTrain> backward(kernels::Algorithm algorithm, const TrainBlockShape& shape,
                                             double conv_flop, bool diff_src);

  // oihw -> what the forward pass, or backward to the source, reads. weights() is null where one of them is
  // not to be transformed.
  void pack_forward(const float* weights);
  void pack_source(const float* weights);
  const float* weights() const { return weights_.empty() ? nullptr : weights_.data(); }
  float* scratch_of(int thread) const { return scratch_[static_cast<std::size_t>(thread)].get(); }
  double saved_flop_per_image() const { return saved_flop_; }

 private:
  FastTrain(const TrainBlockShape& shape, std::size_t scratch_floats, double saved_flop);

  TrainBlockShape shape_;
  double saved_flop_;
  std::vector<float> weights_, turned_;
  std::vector<hwy::AlignedFreeUniquePtr<float[]>> scratch_;
};

}  // namespace dsx::fused

#include "kernels/fused/fast_train.hpp"

#include <algorithm>
#include <new>

#include "kernels/fused/fast_train_simd.hpp"
#include "kernels/fused/fast_weights.hpp"
#include "kernels/onednn/team.hpp"

namespace dsx::fused {
namespace {

FusedBlockArgs packed_shape(int in_channels, int out_channels) {
  FusedBlockArgs args;
  args.in_channels = in_channels;
  args.out_channels = out_channels;
  return args;
}

}  // namespace

FastTrain::FastTrain(const TrainBlockShape& shape, std::size_t scratch_floats, double saved_flop)
    : shape_(shape), saved_flop_(saved_flop) {
  for (int t = 0; t < kernels::max_threads(); ++t) {
    scratch_.push_back(hwy::AllocateAligned<float>(scratch_floats));
    if (!scratch_.back()) throw std::bad_alloc();
    std::fill_n(scratch_.back().get(), scratch_floats, 0.F);
  }
}

std::shared_ptr<FastTrain> FastTrain::forward(kernels::Algorithm algorithm, const TrainBlockShape& shape,
                                              double conv_flop) {
  const double fast = fast_train_flop(shape).forward;
  if (!fast_train_suits(shape, false) || !takes_fast(algorithm, fast, conv_flop)) return nullptr;
  return std::shared_ptr<FastTrain>(
      new FastTrain(shape, fast_train_scratch(shape).forward, conv_flop - fast));
}

std::shared_ptr<FastTrain> FastTrain::backward(kernels::Algorithm algorithm, const TrainBlockShape& shape,
                                               double conv_flop, bool diff_src) {
  const FastTrainFlop flop = fast_train_flop(shape);
  const double fast = flop.weights + (diff_src ? flop.source : 0), direct = conv_flop * (diff_src ? 2 : 1);
  if (!fast_train_suits(shape, diff_src) || !takes_fast(algorithm, fast, direct)) return nullptr;
  return std::shared_ptr<FastTrain>(new FastTrain(shape, fast_train_scratch(shape).backward, direct - fast));
}

void FastTrain::pack_forward(const float* weights) {
  weights_ = pack_fast_weights(packed_shape(shape_.in_channels, shape_.out_channels), kFastTogether, weights);
}

void FastTrain::pack_source(const float* weights) {
  const auto in = static_cast<std::size_t>(shape_.in_channels),
             out = static_cast<std::size_t>(shape_.out_channels);
  constexpr std::size_t kTaps = static_cast<std::size_t>(kFastKernel) * kFastKernel;
  turned_.resize(in * out * kTaps);
  for (std::size_t o = 0; o < out; ++o)
    for (std::size_t c = 0; c < in; ++c)
      std::reverse_copy(weights + (o * in + c) * kTaps, weights + (o * in + c + 1) * kTaps,
                        turned_.data() + (c * out + o) * kTaps);
  weights_ =
      pack_fast_weights(packed_shape(shape_.out_channels, shape_.in_channels), kFastTogether, turned_.data());
}

}  // namespace dsx::fused

// Shapes, and sharing the input features out; the arithmetic is fused_linear_simd.cpp's.
#include "kernels/fused/fused_linear.hpp"

#include <fmt/format.h>
#include <hwy/aligned_allocator.h>
#include <omp.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/fused_linear_simd.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

// Forward sums pieces of the input features apart and adds the pieces up in their order, so that the result
// does not depend on the number of threads.
constexpr int kPieces = 32;

LinearShape linear_shape(const kernels::InnerProductShape& shape) {
  const auto in =
      std::accumulate(shape.src.begin() + 1, shape.src.end(), memory::dim{1}, std::multiplies<>());
  return {static_cast<int>(shape.dst[0]), static_cast<int>(in), static_cast<int>(shape.dst[1])};
}

float* floats_of(const kernels::Arguments& arguments, int argument) {
  const auto found = arguments.find(argument);
  return found == arguments.end() ? nullptr : static_cast<float*>(found->second.get_data_handle());
}

void add_argument(kernels::Kernel& kernel, int argument, const memory::desc& md, bool is_output) {
  kernel.arguments[argument] = md;
  kernel.is_output[argument] = is_output;
  kernel.cost.min_bytes += static_cast<double>(md.get_size());
}

kernels::Kernel linear_kernel() {
  kernels::Kernel kernel;
  kernel.kind = "fused_linear";
  kernel.impl = fmt::format("ours:{}", fused_block_isa());
  return kernel;
}

struct ForwardMemory {
  std::vector<hwy::AlignedFreeUniquePtr<float[]>> threads;
  std::vector<float> partials;  // [piece, N, O]
};

void run_forward(const LinearShape& s, bool relu, ForwardMemory& own, const kernels::Arguments& arguments) {
  const float* src = floats_of(arguments, DNNL_ARG_SRC);
  const float* weights = floats_of(arguments, DNNL_ARG_WEIGHTS);
  const auto values = static_cast<std::size_t>(s.batch) * s.out_features;
#pragma omp parallel for num_threads(static_cast <int>(own.threads.size())) schedule(static)
  for (int piece = 0; piece < kPieces; ++piece) {
    const auto at = [&](int p) {
      return static_cast<int>(static_cast<std::int64_t>(s.blocks()) * p / kPieces);
    };
    linear_forward_blocks(s, src, weights, at(piece), at(piece + 1),
                          own.threads[static_cast<std::size_t>(omp_get_thread_num())].get(),
                          own.partials.data() + static_cast<std::size_t>(piece) * values);
  }
  const float* bias = floats_of(arguments, DNNL_ARG_BIAS);
  float* dst = floats_of(arguments, DNNL_ARG_DST);
  for (std::size_t i = 0; i < values; ++i) {
    float sum = bias == nullptr ? 0.F : bias[i % static_cast<std::size_t>(s.out_features)];
    for (int piece = 0; piece < kPieces; ++piece)
      sum += own.partials[static_cast<std::size_t>(piece) * values + i];
    dst[i] = relu ? std::max(sum, 0.F) : sum;
  }
}

void run_backward(const LinearShape& s, kernels::UpdateSlot* slot, int threads,
                  std::vector<float>& padded_diff_dst, const kernels::Arguments& arguments) {
  const float* diff_dst = floats_of(arguments, DNNL_ARG_DIFF_DST);
  const auto out = static_cast<std::size_t>(s.out_features),
             padded = static_cast<std::size_t>(s.padded_out());
  for (std::size_t n = 0; n < static_cast<std::size_t>(s.batch); ++n)
    std::copy_n(diff_dst + n * out, out, padded_diff_dst.data() + n * padded);
  if (float* diff_bias = floats_of(arguments, DNNL_ARG_DIFF_BIAS)) {
    std::copy_n(diff_dst, out, diff_bias);
    for (std::size_t i = out; i < out * static_cast<std::size_t>(s.batch); ++i)
      diff_bias[i % out] += diff_dst[i];
  }
  LinearBackwardArgs args;
  args.shape = s;
  args.src = floats_of(arguments, DNNL_ARG_SRC);
  args.diff_dst = padded_diff_dst.data();
  args.weights = floats_of(arguments, DNNL_ARG_WEIGHTS);
  args.diff_src = floats_of(arguments, DNNL_ARG_DIFF_SRC);
  args.diff_weights = floats_of(arguments, DNNL_ARG_DIFF_WEIGHTS);
  if (slot != nullptr && slot->armed && slot->weights == args.weights) {
    args.buffer = slot->momentum_buffer;
    args.rule = slot->rule;
    slot->applied = true;
  }
  const int together = linear_blocks_together(), groups = (s.blocks() + together - 1) / together;
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num(), team = omp_get_num_threads();
    const auto at = [&](int t) {
      return std::min(s.blocks(), static_cast<int>(static_cast<std::int64_t>(groups) * t / team) * together);
    };
    linear_backward_blocks(args, at(thread), at(thread + 1));
  }
}

}  // namespace

bool fused_linear_suits(const kernels::Context& context, const kernels::InnerProductShape& shape,
                        const memory::desc& src_md) {
  const auto s = linear_shape(shape);
  return !fused_block_isa().empty() && linear_lanes() > 0 && context.dtype == memory::data_type::f32 &&
         src_md == kernels::plain_md(shape.src) && s.in_features >= 4096 && s.in_features % kLinearBlock == 0;
}

memory::desc fused_linear_weights_md(const kernels::InnerProductShape& shape) {
  const auto s = linear_shape(shape);
  return {{s.out_features, s.in_features}, memory::data_type::f32, memory::format_tag::BA16a16b};
}

kernels::Kernel fused_linear_forward(const kernels::Context& context, const kernels::InnerProductShape& shape,
                                     bool bias, bool relu, const memory::desc& src_md) {
  (void)context;
  const auto s = linear_shape(shape);
  auto kernel = linear_kernel();
  add_argument(kernel, DNNL_ARG_SRC, src_md, false);
  add_argument(kernel, DNNL_ARG_WEIGHTS, fused_linear_weights_md(shape), false);
  if (bias) add_argument(kernel, DNNL_ARG_BIAS, kernels::plain_md({s.out_features}), false);
  add_argument(kernel, DNNL_ARG_DST, kernels::plain_md({s.batch, s.out_features}), true);
  kernel.cost.flop = kernels::inner_product_flop(shape);
  auto own = std::make_shared<ForwardMemory>();
  for (int t = 0; t < kernels::max_threads(); ++t) {
    own->threads.push_back(hwy::AllocateAligned<float>(linear_forward_floats(s)));
    if (!own->threads.back()) throw std::bad_alloc();
  }
  own->partials.resize(static_cast<std::size_t>(kPieces) * s.batch * s.out_features);
  kernel.native = [s, relu, own](const kernels::Arguments& arguments) {
    run_forward(s, relu, *own, arguments);
  };
  return kernel;
}

kernels::Kernel fused_linear_backward(const kernels::Context& context,
                                      const kernels::InnerProductShape& shape, bool bias,
                                      const memory::desc& src_md, std::shared_ptr<kernels::UpdateSlot> slot) {
  (void)context;
  const auto s = linear_shape(shape);
  const auto weights_md = fused_linear_weights_md(shape);
  auto kernel = linear_kernel();
  add_argument(kernel, DNNL_ARG_SRC, src_md, false);
  add_argument(kernel, DNNL_ARG_WEIGHTS, weights_md, false);
  add_argument(kernel, DNNL_ARG_DIFF_DST, kernels::plain_md({s.batch, s.out_features}), false);
  add_argument(kernel, DNNL_ARG_DIFF_SRC, src_md, true);
  add_argument(kernel, DNNL_ARG_DIFF_WEIGHTS, weights_md, true);
  if (bias) add_argument(kernel, DNNL_ARG_DIFF_BIAS, kernels::plain_md({s.out_features}), true);
  kernel.cost.flop = 2 * kernels::inner_product_flop(shape);
  auto padded = std::make_shared<std::vector<float>>(static_cast<std::size_t>(s.batch) * s.padded_out(), 0.F);
  const int threads = kernels::max_threads();
  kernel.native = [s, slot, threads, padded](const kernels::Arguments& arguments) {
    run_backward(s, slot.get(), threads, *padded, arguments);
  };
  return kernel;
}

}  // namespace dsx::fused

// Shapes, packing of weights, and sharing the images out; the arithmetic is the operator's
// (fused_pool.hpp) and fused_train_backward_simd.cpp's.
#include "kernels/fused/fused_train.hpp"

#include <fmt/format.h>
#include <hwy/aligned_allocator.h>
#include <omp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/fused/fast_train.hpp"
#include "kernels/fused/fast_train_simd.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

using Floats = hwy::AlignedFreeUniquePtr<float[]>;

Floats zeros(std::size_t count) {
  auto floats = hwy::AllocateAligned<float>(std::max<std::size_t>(count, 1));
  if (!floats) throw std::bad_alloc();
  std::fill_n(floats.get(), count, 0.F);
  return floats;
}

TrainBlockShape block_shape(const kernels::ConvShape& shape, const FusedPool& pool) {
  const auto dst = fused_dst_dims(shape, pool);
  TrainBlockShape s;
  s.in_channels = static_cast<int>(shape.src[1]);
  s.height = static_cast<int>(shape.src[2]);
  s.width = static_cast<int>(shape.src[3]);
  s.out_channels = static_cast<int>(shape.dst[1]);
  s.kernel = static_cast<int>(shape.weights[2]);
  s.stride = shape.stride;
  s.conv_height = static_cast<int>(shape.dst[2]);
  s.conv_width = static_cast<int>(shape.dst[3]);
  s.dst_height = static_cast<int>(dst[2]);
  s.dst_width = static_cast<int>(dst[3]);
  s.window = pool.window;
  return s;
}

std::size_t product(std::initializer_list<int> factors) {
  std::size_t result = 1;
  for (const int f : factors) result *= static_cast<std::size_t>(f);
  return result;
}
std::size_t src_floats(const TrainBlockShape& s) { return product({s.in_channels, s.height, s.width}); }
std::size_t dst_floats(const TrainBlockShape& s) {
  return product({s.out_channels, s.dst_height, s.dst_width});
}
std::size_t weight_floats(const TrainBlockShape& s) {
  return product({s.out_channels, s.in_channels, s.kernel, s.kernel});
}
std::size_t kept_words(const TrainBlockShape& s, const FusedPool& pool) {
  return product({s.out_channels, 2 * s.dst_height, train_tiles(s), pool.kept_words});
}

memory::desc kept_md(const kernels::ConvShape& shape, const TrainBlockShape& s, const FusedPool& pool) {
  return kernels::plain_md(
      {shape.dst[0], s.out_channels, 2 * s.dst_height, 4 * train_tiles(s) * pool.kept_words},
      memory::data_type::u8);
}

std::size_t whole_blocks(int channels, int block) {
  return static_cast<std::size_t>((channels + block - 1) / block * block);
}

template <typename T>
T* data(const kernels::Arguments& arguments, int argument) {
  const auto found = arguments.find(argument);
  return found == arguments.end() ? nullptr : static_cast<T*>(found->second.get_data_handle());
}

void add_argument(kernels::Kernel& kernel, int argument, const memory::desc& md, bool is_output) {
  kernel.arguments[argument] = md;
  kernel.is_output[argument] = is_output;
  if (argument != DNNL_ARG_WORKSPACE) kernel.cost.min_bytes += static_cast<double>(md.get_size());
}

// oihw -> [block][i][h][w][o within the block], as the forward kernels read it; the bias behind it.
struct ForwardWeights {
  Floats weights, bias;
  int block;
  explicit ForwardWeights(const TrainBlockShape& s) : block(fused_block_channels(s.out_channels)) {
    const auto padded = whole_blocks(s.out_channels, block);
    weights = zeros(padded * product({s.in_channels, s.kernel, s.kernel}));
    bias = zeros(padded);
  }
  void pack(const TrainBlockShape& s, const float* from, const float* from_bias) {
    const auto taps = product({s.in_channels, s.kernel, s.kernel});
    for (int o = 0; o < s.out_channels; ++o) {
      float* to = weights.get() + static_cast<std::size_t>(o / block) * taps * block + o % block;
      for (std::size_t t = 0; t < taps; ++t) to[t * block] = from[static_cast<std::size_t>(o) * taps + t];
      bias[static_cast<std::size_t>(o)] = from_bias == nullptr ? 0.F : from_bias[o];
    }
  }
};

// What the backward kernel keeps between calls, so that none allocates.
struct BackwardMemory {
  Floats weights;                  // for the source's gradient
  Floats diff_weights, diff_bias;  // by image
  std::vector<Floats> floats;
  std::vector<TrainScratch> threads;

  BackwardMemory(const TrainBlockShape& s, std::size_t images) {
    weights = zeros(whole_blocks(s.in_channels, fused_block_channels(s.in_channels)) *
                    product({s.out_channels, s.kernel, s.kernel}));
    diff_weights = zeros(images * weight_floats(s));
    diff_bias = zeros(images * static_cast<std::size_t>(s.out_channels));
    const auto sizes = train_scratch_sizes(s);
    for (int t = 0; t < kernels::max_threads(); ++t) {
      TrainScratch scratch;
      for (const auto& [count, to] :
           {std::pair{sizes.conv_gradient, &scratch.conv_gradient}, std::pair{sizes.sums, &scratch.sums},
            std::pair{sizes.source, &scratch.source}}) {
        floats.push_back(zeros(count));
        *to = floats.back().get();
      }
      threads.push_back(scratch);
    }
  }
};

// to[i] = sum over images, in their order.
void sum_images(const float* from, std::size_t images, std::size_t count, float* to) {
  if (to == nullptr) return;
  std::copy_n(from, count, to);
  for (std::size_t n = 1; n < images; ++n) {
    for (std::size_t i = 0; i < count; ++i) to[i] += from[n * count + i];
  }
}

void backward_of_image(const TrainBlockShape& s, const FusedPool& pool, BackwardMemory& own,
                       const FastTrain* fast, const kernels::Arguments& arguments,
                       const kernels::ImagePlace& place) {
  const std::size_t n = place.image;
  const auto* dst = data<float>(arguments, DNNL_ARG_DST);
  const auto* kept = data<std::uint32_t>(arguments, DNNL_ARG_WORKSPACE);
  auto* diff_src = data<float>(arguments, DNNL_ARG_DIFF_SRC);
  TrainBackwardArgs args;
  args.shape = s;
  args.weights = own.weights.get();
  args.src = data<float>(arguments, DNNL_ARG_SRC) + n * src_floats(s);
  args.dst = dst == nullptr ? nullptr : dst + n * dst_floats(s);
  args.kept = kept == nullptr ? nullptr : kept + n * kept_words(s, pool);
  args.fill_strip = pool.fill_strip;
  args.diff_dst = data<float>(arguments, DNNL_ARG_DIFF_DST) + place.from * dst_floats(s);
  args.diff_src = diff_src == nullptr ? nullptr : diff_src + place.to * src_floats(s);
  args.diff_weights = own.diff_weights.get() + n * weight_floats(s);
  args.diff_bias = own.diff_bias.get() + n * static_cast<std::size_t>(s.out_channels);
  const TrainScratch& scratch = own.threads[static_cast<std::size_t>(place.thread)];
  if (fast == nullptr) return train_backward_image(args, scratch);
  fast_train_backward_image({args, fast->weights(), fast->scratch_of(place.thread)}, scratch);
}

double image_flop(const kernels::ConvShape& shape) {
  return kernels::conv_flop(shape) / static_cast<double>(shape.dst[0]);
}

std::string implementation(bool fast) {
  return fmt::format("ours:{}{}", fast ? "fast:" : "", fused_block_isa());
}

void run_by_image(kernels::Kernel& kernel, int images) {
  const int threads = kernels::max_threads();
  kernel.native = [images, threads, one = kernel.per_image,
                   after = kernel.after_images](const kernels::Arguments& arguments) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int image = 0; image < images; ++image) {
      const auto n = static_cast<std::size_t>(image);
      one(arguments, {n, n, n, omp_get_thread_num()});
    }
    if (after) after(arguments);
  };
}

}  // namespace

int train_tiles(const TrainBlockShape& shape) {
  const int tile = 2 * fused_block_lanes();
  return (2 * shape.dst_width + tile - 1) / tile;
}

std::optional<FusedPool> fused_train_pool_for(const kernels::Context& context,
                                              const kernels::ConvShape& shape, FusedPoolMaker op) {
  if (context.dtype != memory::data_type::f32) return std::nullopt;
  const auto pool = fused_pool_for(context, shape, op);
  const auto kernel = shape.weights[2];
  if (!pool || (kernel != 3 && kernel != 5) || shape.src[2] < 8) return std::nullopt;
  if (shape.stride == 2 && shape.src[3] % 2 != 0) return std::nullopt;
  return pool;
}

kernels::Kernel fused_block_forward_training(const kernels::Context& context, const std::string& layer,
                                             const kernels::ConvShape& shape, const FusedPool& pool,
                                             bool bias) {
  if (pool.window == 1) return fused_block_forward(context, layer, shape, {pool, bias, false});
  const auto s = block_shape(shape, pool);
  kernels::Kernel kernel;
  kernel.kind = "fused_block";
  const auto fast = FastTrain::forward(context.algorithm, s, image_flop(shape));
  kernel.impl = implementation(fast != nullptr);
  add_argument(kernel, DNNL_ARG_SRC, kernels::plain_md(shape.src), false);
  add_argument(kernel, DNNL_ARG_WEIGHTS, kernels::plain_md(shape.weights), false);
  if (bias) add_argument(kernel, DNNL_ARG_BIAS, kernels::plain_md({shape.dst[1]}), false);
  add_argument(kernel, DNNL_ARG_DST, kernels::plain_md(fused_dst_dims(shape, pool)), true);
  add_argument(kernel, DNNL_ARG_WORKSPACE, kept_md(shape, s, pool), true);
  kernel.cost.flop = kernels::conv_flop(shape) +
                     pool.flop * static_cast<double>(shape.dst[0]) * static_cast<double>(dst_floats(s));
  if (fast) kernel.cost.saved_flop = fast->saved_flop_per_image() * static_cast<double>(shape.src[0]);
  auto packed = std::make_shared<ForwardWeights>(s);
  const int images = static_cast<int>(shape.src[0]);
  kernel.prepare = [s, packed, fast](const kernels::Arguments& arguments) {
    packed->pack(s, data<float>(arguments, DNNL_ARG_WEIGHTS), data<float>(arguments, DNNL_ARG_BIAS));
    if (fast) fast->pack_forward(data<float>(arguments, DNNL_ARG_WEIGHTS));
  };
  kernel.per_image = [s, pool, packed, fast](const kernels::Arguments& arguments,
                                             const kernels::ImagePlace& place) {
    TrainForwardArgs args;
    args.shape = s;
    args.weights = packed->weights.get();
    args.bias = packed->bias.get();
    args.src = data<float>(arguments, DNNL_ARG_SRC) + place.from * src_floats(s);
    args.dst = data<float>(arguments, DNNL_ARG_DST) + place.to * dst_floats(s);
    args.kept = data<std::uint32_t>(arguments, DNNL_ARG_WORKSPACE) + place.image * kept_words(s, pool);
    if (fast) return pool.fast_train_forward({args, fast->weights(), fast->scratch_of(place.thread)});
    pool.train_forward(args);
  };
  run_by_image(kernel, images);
  return kernel;
}

kernels::Kernel fused_block_backward(const kernels::Context& context, const std::string& layer,
                                     const kernels::ConvShape& shape, const FusedPool& pool, bool bias,
                                     bool diff_src) {
  (void)layer;
  const auto s = block_shape(shape, pool);
  const auto fast = FastTrain::backward(context.algorithm, s, image_flop(shape), diff_src);
  kernels::Kernel kernel;
  kernel.kind = "fused_block";
  kernel.impl = implementation(fast != nullptr);
  const auto dst_md = kernels::plain_md(fused_dst_dims(shape, pool));
  add_argument(kernel, DNNL_ARG_SRC, kernels::plain_md(shape.src), false);
  add_argument(kernel, DNNL_ARG_DIFF_DST, dst_md, false);
  if (pool.kept_words == 0) {
    add_argument(kernel, DNNL_ARG_DST, dst_md, false);
  } else {
    add_argument(kernel, DNNL_ARG_WORKSPACE, kept_md(shape, s, pool), false);
  }
  add_argument(kernel, DNNL_ARG_DIFF_WEIGHTS, kernels::plain_md(shape.weights), true);
  if (bias) add_argument(kernel, DNNL_ARG_DIFF_BIAS, kernels::plain_md({shape.dst[1]}), true);
  if (diff_src) {
    add_argument(kernel, DNNL_ARG_WEIGHTS, kernels::plain_md(shape.weights), false);
    add_argument(kernel, DNNL_ARG_DIFF_SRC, kernels::plain_md(shape.src), true);
  }
  kernel.cost.flop = kernels::conv_flop(shape) * (diff_src ? 2 : 1);
  if (fast) kernel.cost.saved_flop = fast->saved_flop_per_image() * static_cast<double>(shape.src[0]);
  const int images = static_cast<int>(shape.src[0]);
  auto own = std::make_shared<BackwardMemory>(s, static_cast<std::size_t>(images));
  if (diff_src) {
    kernel.prepare = [s, own, fast](const kernels::Arguments& arguments) {
      const auto* weights = data<float>(arguments, DNNL_ARG_WEIGHTS);
      pack_train_weights(s, weights, own->weights.get());
      if (fast) fast->pack_source(weights);
    };
  }
  kernel.per_image = [s, pool, own, fast](const kernels::Arguments& arguments,
                                          const kernels::ImagePlace& place) {
    backward_of_image(s, pool, *own, fast.get(), arguments, place);
  };
  kernel.after_images = [s, images, own](const kernels::Arguments& arguments) {
    const auto count = static_cast<std::size_t>(images);
    sum_images(own->diff_weights.get(), count, weight_floats(s),
               data<float>(arguments, DNNL_ARG_DIFF_WEIGHTS));
    sum_images(own->diff_bias.get(), count, static_cast<std::size_t>(s.out_channels),
               data<float>(arguments, DNNL_ARG_DIFF_BIAS));
  };
  run_by_image(kernel, images);
  return kernel;
}

}  // namespace dsx::fused

// Shapes, packing of weights, and sharing the work out; the arithmetic is fused_block_simd.cpp's.
#include "kernels/fused_block.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/context.hpp"
#include "kernels/downsample.hpp"
#include "kernels/error.hpp"
#include "kernels/fused_block_simd.hpp"

namespace dsx {

using dnnl::memory;

namespace {

// Once, before Highway's first choice: the kernel is held to what oneDNN is held to.
void follow_onednn_isa() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto isa = onednn_info().effective_isa;
    const bool avx512 = isa.find("avx512") != std::string::npos || isa.find("avx10") != std::string::npos;
    limit_fused_block_isa(avx512, avx512 || isa.find("avx2") != std::string::npos);
  });
}

int channel_blocks(const ConvShape& shape) {
  const int block = fused_block_channels(static_cast<int>(shape.dst[1]));
  return (static_cast<int>(shape.dst[1]) + block - 1) / block;
}

// What a kernel keeps between calls, so that none allocates: packed weights, and for stride 2 each thread's
// deinterleaved image.
struct Scratch {
  std::vector<float> weights, bias;
  std::vector<std::vector<float>> images;  // by thread
};

// oihw -> [block][i][h][w][o within the block]
void pack(const ConvShape& shape, const float* weights, const float* bias, Scratch& scratch) {
  const int oc = static_cast<int>(shape.dst[1]), block = fused_block_channels(oc);
  const auto taps = static_cast<std::size_t>(shape.weights[1] * shape.weights[2] * shape.weights[3]);
  for (int o = 0; o < oc; ++o) {
    float* to = scratch.weights.data() + (static_cast<std::size_t>(o / block) * taps) * block + o % block;
    const float* from = weights + static_cast<std::size_t>(o) * taps;
    for (std::size_t t = 0; t < taps; ++t) to[t * block] = from[t];
    scratch.bias[static_cast<std::size_t>(o)] = bias == nullptr ? 0.0F : bias[o];
  }
}

memory::dims dst_dims(const ConvShape& shape, FusedPool pool) {
  if (pool == FusedPool::none) return shape.dst;
  return {shape.dst[0], shape.dst[1], shape.dst[2] / 2, shape.dst[3] / 2};
}

FusedBlockArgs args_for(const ConvShape& shape, FusedPool pool, const Scratch& scratch) {
  const auto dst = dst_dims(shape, pool);
  FusedBlockArgs args;
  args.weights = scratch.weights.data();
  args.bias = scratch.bias.data();
  args.in_channels = static_cast<int>(shape.src[1]);
  args.height = static_cast<int>(shape.src[2]);
  args.width = static_cast<int>(shape.src[3]);
  args.out_channels = static_cast<int>(shape.dst[1]);
  args.kernel = static_cast<int>(shape.weights[2]);
  args.stride = shape.stride;
  args.conv_width = static_cast<int>(shape.dst[3]);
  args.dst_height = static_cast<int>(dst[2]);
  args.dst_width = static_cast<int>(dst[3]);
  args.pool = static_cast<int>(pool);
  return args;
}

// Rows of dst in each piece of work: whole images where there are enough for all threads, else even numbers
// of rows such that every thread gets some pieces of each image.
int rows_per_piece(int images, int rows, int threads) {
  if (images >= threads) return rows;
  const int pieces = 2 * threads;
  return std::max(2, ((rows + pieces - 1) / pieces + 1) / 2 * 2);
}

void run(const ConvShape& shape, FusedPool pool, Scratch& scratch, const float* src, float* dst) {
  const auto common = args_for(shape, pool, scratch);
  const int images = static_cast<int>(shape.src[0]), rows = common.dst_height;
  const int step = rows_per_piece(images, rows, static_cast<int>(scratch.images.size()));
  const int pieces = (rows + step - 1) / step;
  const auto src_floats = static_cast<std::size_t>(common.in_channels) * common.height * common.width;
  const auto dst_floats =
      static_cast<std::size_t>(common.out_channels) * common.dst_height * common.dst_width;
#pragma omp parallel for num_threads(static_cast <int>(scratch.images.size())) schedule(static)
  for (int piece = 0; piece < images * pieces; ++piece) {
    const int image = piece / pieces, begin = piece % pieces * step, end = std::min(begin + step, rows);
    auto args = common;
    args.src = src + static_cast<std::size_t>(image) * src_floats;
    args.dst = dst + static_cast<std::size_t>(image) * dst_floats;
    if (shape.stride == 2) {
      auto& copy = scratch.images[static_cast<std::size_t>(omp_get_thread_num())];
      const int first = 2 * std::min(begin, rows - 2),
                last = std::min(2 * end + common.kernel, common.height);
      for (int c = 0; c < common.in_channels; ++c) {
        const auto at = (static_cast<std::size_t>(c) * common.height + first) * common.width;
        deinterleave_rows(args.src + at, copy.data() + at, common.width,
                          static_cast<std::size_t>(last - first));
      }
      args.src = copy.data();
    }
    fused_block_rows(args, begin, end);
  }
}

}  // namespace

std::string fused_block_isa() {
  follow_onednn_isa();
  return fused_block_lanes() == 0 ? "" : fused_block_target();
}

std::optional<FusedPool> fused_pool_for(const Context& context, const ConvShape& shape,
                                        const std::string& op) {
  follow_onednn_isa();
  const int lanes = fused_block_lanes();
  if (lanes == 0 || context.dtype != memory::data_type::f32 || shape.depthwise() || shape.padding_l != 0 ||
      shape.padding_r > 0 || shape.weights[2] != shape.weights[3] || shape.dst[3] < 2 * lanes ||
      shape.dst[2] < 2) {
    return std::nullopt;
  }
  if (op == "strided" && shape.stride == 2) return FusedPool::none;
  if (shape.stride != 1) return std::nullopt;
  if (op == "avgpool") return FusedPool::avg;
  if (op == "maxpool") return FusedPool::max;
  return std::nullopt;
}

Kernel fused_block_forward(const Context& context, const std::string& layer, const ConvShape& shape,
                           FusedPool pool, bool bias) {
  (void)context;
  (void)layer;
  const int block = fused_block_channels(static_cast<int>(shape.dst[1]));
  const auto dst = dst_dims(shape, pool);
  Kernel kernel;
  kernel.kind = "fused_block";
  kernel.impl = fmt::format("ours:{}", fused_block_isa());
  const auto src_md = plain_md(shape.src), weights_md = plain_md(shape.weights), dst_md = plain_md(dst);
  kernel.arguments = {{DNNL_ARG_SRC, src_md}, {DNNL_ARG_WEIGHTS, weights_md}, {DNNL_ARG_DST, dst_md}};
  kernel.is_output = {{DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}};
  double pooled = 1;
  for (const auto d : dst) pooled *= static_cast<double>(d);
  kernel.cost.flop = conv_flop(shape) + (pool == FusedPool::none ? 0 : 4 * pooled);
  kernel.cost.min_bytes = static_cast<double>(src_md.get_size() + weights_md.get_size() + dst_md.get_size()) +
                          4.0 * static_cast<double>(shape.dst[1]);
  if (bias) {
    kernel.arguments[DNNL_ARG_BIAS] = plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  auto scratch = std::make_shared<Scratch>();
  const auto padded = static_cast<std::size_t>(channel_blocks(shape)) * block;
  scratch->weights.assign(
      padded * static_cast<std::size_t>(shape.weights[1] * shape.weights[2] * shape.weights[3]), 0.0F);
  scratch->bias.assign(padded, 0.0F);
  scratch->images.resize(static_cast<std::size_t>(max_threads()));
  if (shape.stride == 2) {
    for (auto& image : scratch->images)
      image.assign(static_cast<std::size_t>(shape.src[1] * shape.src[2] * shape.src[3]), 0.0F);
  }
  kernel.native = [shape, pool, scratch](const Arguments& arguments) {
    const auto floats = [&](int argument) {
      const auto found = arguments.find(argument);
      return found == arguments.end() ? nullptr : static_cast<float*>(found->second.get_data_handle());
    };
    pack(shape, floats(DNNL_ARG_WEIGHTS), floats(DNNL_ARG_BIAS), *scratch);
    run(shape, pool, *scratch, floats(DNNL_ARG_SRC), floats(DNNL_ARG_DST));
  };
  return kernel;
}

}  // namespace dsx

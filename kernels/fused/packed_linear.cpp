// Packing of weights and sharing the work out; the arithmetic is packed_linear_simd.cpp's and
// skip_zeros_simd.cpp's.
#include "kernels/fused/packed_linear.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "kernels/base/pages.hpp"
#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/packed_linear_simd.hpp"
#include "kernels/onednn/bf16.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

constexpr double kLeastWeights = 256.0 * 1024;  // oneDNN's time for less does not show

std::size_t count_of(const memory::dims& dims, std::size_t first) {
  return static_cast<std::size_t>(std::accumulate(dims.begin() + static_cast<std::ptrdiff_t>(first),
                                                  dims.end(), memory::dim{1}, std::multiplies<>()));
}

// What a kernel knows from its shape, and its packed weights.
struct Linear {
  const PackedLinearWay* way = nullptr;
  kernels::InnerProductShape shape;
  bool nhwc = false, bf16 = false, bf16_dst = false, relu = false, packed = false, finite = true;
  int images = 0, outputs = 0, blocks = 0, threads = 1;
  std::size_t inputs = 0;
  // With the way's parts of the inputs, the pieces that threads share: groups of blocks of outputs, and of
  // images.
  int groups = 1, images_together = kPackedLinearImages;
  AlignedBytes weights;
  std::vector<float> bias;

  std::size_t chunks() const { return (inputs + way->chunk - 1) / way->chunk; }
  std::size_t first_chunk(int part) const {
    return chunks() * static_cast<std::size_t>(part) / static_cast<std::size_t>(way->parts);
  }
  std::size_t tile_bytes() const {
    return way->chunk * static_cast<std::size_t>(way->block(outputs)) * (bf16 ? 2 : 4);
  }
  std::size_t sums_floats() const { return static_cast<std::size_t>(way->parts) * images * outputs; }
  std::size_t thread_floats() const {
    return way->scratch(std::min(images, images_together), outputs, (blocks + groups - 1) / groups);
  }
  int image_groups() const { return (images + images_together - 1) / images_together; }
  int pieces() const { return way->parts * image_groups() * groups; }
};

// Chunk by chunk, so that what is read and what is written stay in the cache.
void pack(Linear& linear, const float* weights, const float* bias) {
  const std::size_t chunk_bytes = static_cast<std::size_t>(linear.blocks) * linear.tile_bytes();
  if (!linear.weights) linear.weights = allocate_pages(linear.chunks() * chunk_bytes);
  const auto channels = static_cast<std::size_t>(linear.shape.src[1]), area = linear.inputs / channels;
  const auto outputs = static_cast<std::size_t>(linear.outputs), chunk = linear.way->chunk;
  bool finite = true;
#pragma omp parallel num_threads(linear.threads) reduction(&& : finite)
  {
    std::vector<float> values(outputs * chunk);
#pragma omp for schedule(static)
    for (std::size_t c = 0; c < linear.chunks(); ++c) {
      const std::size_t first = c * chunk, count = std::min(chunk, linear.inputs - first);
      for (std::size_t k = first; k < first + count; ++k) {
        // PyTorch's weights are channel-major, whatever the order of the source.
        const float* from = weights + (linear.nhwc ? k % channels * area + k / channels : k);
        for (std::size_t o = 0; o < outputs; ++o) values[o * chunk + k - first] = from[o * linear.inputs];
      }
      finite = finite && std::all_of(values.begin(), values.end(), [&](float w) {
                 return std::isfinite(linear.bf16 ? kernels::rounded_to_bf16(w)
                                                  : w);  // the largest floats become infinite
               });
      auto* to = linear.weights.get() + c * chunk_bytes;
      std::memset(to, 0, chunk_bytes);
      linear.way->pack_chunk(values.data(), count, linear.outputs, linear.bf16, to);
    }
  }
  linear.finite = finite;
  linear.bias.assign(outputs, 0.0F);
  if (bias != nullptr) std::copy_n(bias, linear.outputs, linear.bias.begin());
  linear.packed = true;
}

// Pieces are numbered by part of the inputs first: consecutive ones read the same weights.
void sum_piece(const Linear& linear, int piece, const float* src, float* scratch, float* sums) {
  const int group = piece % linear.groups, tile = piece / linear.groups % linear.image_groups(),
            part = piece / linear.groups / linear.image_groups();
  const int first_image = tile * linear.images_together;
  PackedLinearArgs args;
  args.src = src + static_cast<std::size_t>(first_image) * linear.inputs;
  args.images = std::min(linear.images_together, linear.images - first_image);
  args.outputs = linear.outputs;
  args.inputs = linear.inputs;
  args.weights = linear.weights.get();
  args.bf16 = linear.bf16;
  args.finite = linear.finite;
  const auto outputs = static_cast<std::size_t>(linear.outputs);
  linear.way->sum(args, linear.first_chunk(part), linear.first_chunk(part + 1),
                  linear.blocks * group / linear.groups, linear.blocks * (group + 1) / linear.groups, scratch,
                  sums + (static_cast<std::size_t>(part) * linear.images + first_image) * outputs, outputs);
}

void run(const Linear& linear, const float* src, void* dst, float* scratch) {
  float* sums = scratch + static_cast<std::size_t>(linear.threads) * linear.thread_floats();
  const int results = linear.images * linear.outputs;
#pragma omp parallel num_threads(linear.threads)
  {
    float* own = scratch + static_cast<std::size_t>(omp_get_thread_num()) * linear.thread_floats();
    // Dealt out in turn, so that no thread gets only a region with few zeros.
#pragma omp for schedule(static, 1)
    for (int piece = 0; piece < linear.pieces(); ++piece) sum_piece(linear, piece, src, own, sums);
#pragma omp for schedule(static)
    for (int i = 0; i < results; ++i) {
      float value = linear.bias[static_cast<std::size_t>(i % linear.outputs)];
      for (int part = 0; part < linear.way->parts; ++part)
        value += sums[static_cast<std::size_t>(part) * results + i];
      if (linear.relu) value = std::max(value, 0.0F);
      if (linear.bf16_dst) {
        static_cast<std::uint16_t*>(dst)[i] = kernels::to_bf16(value);
      } else {
        static_cast<float*>(dst)[i] = value;
      }
    }
  }
}

// What a thread's first piece begins with, as much as leaves room in its L2 cache; nothing where the pieces
// lie scattered, or before the weights are packed.
kernels::Stretch first_weights(const Linear& linear, int thread) {
  static const long l2_bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);  // 0: not known
  if (!linear.packed || linear.groups != 1 || linear.image_groups() != 1 || thread >= linear.way->parts ||
      l2_bytes <= 0)
    return {};
  const std::size_t chunk_bytes = static_cast<std::size_t>(linear.blocks) * linear.tile_bytes();
  const std::size_t begin = linear.first_chunk(thread), end = linear.first_chunk(thread + 1);
  return {linear.weights.get() + begin * chunk_bytes,
          std::min((end - begin) * chunk_bytes, static_cast<std::size_t>(l2_bytes) * 5 / 8)};
}

// The fewest groups with which the pieces divide evenly among the threads.
int groups_for(int parts, int blocks, int threads) {
  for (int groups = 1; groups < blocks; ++groups) {
    if (parts * groups % threads == 0) return groups;
  }
  return blocks;
}

}  // namespace

bool packed_linear_fits(const kernels::Context& context, const kernels::InnerProductShape& shape,
                        const memory::desc& src_md) {
  const bool amx = kernels::onednn_info().effective_isa.find("amx") != std::string::npos;
  if (fused_block_isa().empty() || packed_linear_dense().block(1) == 0 ||
      (context.dtype != memory::data_type::f32 && amx))
    return false;
  if (static_cast<double>(count_of(shape.weights, 0)) < kLeastWeights) return false;
  return src_md == kernels::plain_md(shape.src) ||
         (shape.src.size() == 4 &&
          src_md == kernels::activation_md(shape.src, memory::data_type::f32, kernels::Layout::nhwc));
}

kernels::Kernel packed_linear_forward(const kernels::Context& context, const std::string& layer,
                                      const kernels::InnerProductShape& shape,
                                      const kernels::ConvOptions& options, const memory::desc& src_md,
                                      memory::data_type dst_type, bool behind_relu) {
  const auto& way = behind_relu ? packed_linear_skips_zeros() : packed_linear_dense();
  auto linear = std::make_shared<Linear>();
  linear->way = &way;
  linear->shape = shape;
  linear->nhwc = src_md != kernels::plain_md(shape.src);
  linear->bf16 = context.dtype == memory::data_type::bf16;
  linear->bf16_dst = dst_type == memory::data_type::bf16;
  linear->relu = options.relu;
  linear->images = static_cast<int>(shape.src[0]);
  linear->outputs = static_cast<int>(shape.dst[1]);
  linear->inputs = count_of(shape.src, 1);
  linear->blocks = (linear->outputs + way.block(linear->outputs) - 1) / way.block(linear->outputs);
  linear->threads = kernels::max_threads();
  linear->groups = groups_for(way.parts, linear->blocks, linear->threads);
  // Where parts and groups are fewer than the threads, these share the images, too.
  const int sharing = (linear->threads + way.parts * linear->groups - 1) / (way.parts * linear->groups);
  linear->images_together = std::min(kPackedLinearImages, (linear->images + sharing - 1) / sharing);
  kernels::Kernel kernel;
  kernel.kind = "inner_product";
  kernel.impl = fmt::format("ours:{}{}{}", way.name, linear->bf16 ? "bf16_weights:" : "", fused_block_isa());
  const auto weights_md = kernels::plain_md(shape.weights);
  kernel.arguments = {
      {DNNL_ARG_SRC, src_md},
      {DNNL_ARG_WEIGHTS, weights_md},
      {DNNL_ARG_DST, kernels::plain_md(shape.dst, dst_type)},
      {DNNL_ARG_SCRATCHPAD, kernels::plain_md({static_cast<memory::dim>(
                                linear->threads * linear->thread_floats() + linear->sums_floats())})}};
  kernel.is_output = {
      {DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}, {DNNL_ARG_SCRATCHPAD, true}};
  if (options.bias) {
    kernel.arguments[DNNL_ARG_BIAS] = kernels::plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  kernel.skips_zeros = behind_relu;
  kernel.cost.flop = kernels::inner_product_flop(shape);
  kernel.cost.min_bytes = static_cast<double>(src_md.get_size()) +
                          static_cast<double>(weights_md.get_size()) / (linear->bf16 ? 2 : 1) +
                          static_cast<double>(kernel.arguments.at(DNNL_ARG_DST).get_size()) +
                          (options.bias ? 4.0 * linear->outputs : 0.0);
  const auto at = [](const kernels::Arguments& arguments, int argument) -> void* {
    const auto found = arguments.find(argument);
    return found == arguments.end() ? nullptr : found->second.get_data_handle();
  };
  kernel.prepare = [=](const kernels::Arguments& arguments) {
    pack(*linear, static_cast<float*>(at(arguments, DNNL_ARG_WEIGHTS)),
         static_cast<float*>(at(arguments, DNNL_ARG_BIAS)));
  };
  kernel.native = [=](const kernels::Arguments& arguments) {
    if (!linear->packed) throw std::logic_error(layer + ": its weights were never packed");
    run(*linear, static_cast<float*>(at(arguments, DNNL_ARG_SRC)), at(arguments, DNNL_ARG_DST),
        static_cast<float*>(at(arguments, DNNL_ARG_SCRATCHPAD)));
  };
  kernel.first_reads = [=](int thread) { return first_weights(*linear, thread); };
  return kernel;
}

}  // namespace dsx::fused

// Packing of weights and sharing the work out; the arithmetic is packed_linear_simd.cpp's.
#include "kernels/packed_linear.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "kernels/bf16.hpp"
#include "kernels/fused_block.hpp"
#include "kernels/packed_linear_simd.hpp"
#include "kernels/pages.hpp"

namespace dsx {

using dnnl::memory;

namespace {

constexpr int kParts = 4;            // of the inputs, for any number of threads
constexpr int kImagesTogether = 64;  // more read the weights again: their sums would leave the cache
constexpr double kLeastWeights = 256.0 * 1024;  // oneDNN's time for less does not show

std::size_t count_of(const memory::dims& dims, std::size_t first) {
  return static_cast<std::size_t>(std::accumulate(dims.begin() + static_cast<std::ptrdiff_t>(first),
                                                  dims.end(), memory::dim{1}, std::multiplies<>()));
}

// What a kernel knows from its shape, and its packed weights.
struct Linear {
  InnerProductShape shape;
  bool nhwc = false, bf16 = false, bf16_dst = false, relu = false, packed = false;
  int images = 0, outputs = 0, blocks = 0, threads = 1;
  std::size_t inputs = 0;
  int groups = 1;  // of blocks of outputs: with kParts, the pieces that threads share
  AlignedBytes weights;
  std::vector<float> bias;

  std::size_t chunks() const { return (inputs + kPackedLinearChunk - 1) / kPackedLinearChunk; }
  std::size_t first_chunk(std::size_t part) const { return chunks() * part / kParts; }
  std::size_t sums_floats() const { return static_cast<std::size_t>(kParts) * images * outputs; }
  std::size_t thread_floats() const {
    return packed_linear_scratch(std::min(images, kImagesTogether), (blocks + groups - 1) / groups);
  }
};

// Input `k` in the source's order, as an index into PyTorch's channel-major weights.
std::size_t plain_input(const Linear& linear, std::size_t k) {
  if (!linear.nhwc) return k;
  const auto channels = static_cast<std::size_t>(linear.shape.src[1]), area = linear.inputs / channels;
  return k % channels * area + k / channels;
}

void pack(Linear& linear, const float* weights, const float* bias) {
  const std::size_t bytes = packed_linear_packed_count(linear.inputs, linear.outputs) * (linear.bf16 ? 2 : 4);
  if (!linear.weights) linear.weights = allocate_pages(bytes);
#pragma omp parallel num_threads(linear.threads)
  {
    const auto share = bytes / static_cast<std::size_t>(omp_get_num_threads()) + 1;
    const auto begin = std::min(bytes, share * static_cast<std::size_t>(omp_get_thread_num()));
    std::memset(linear.weights.get() + begin, 0, std::min(share, bytes - begin));
    std::vector<float> row(linear.inputs);
#pragma omp barrier
#pragma omp for schedule(static)
    for (int o = 0; o < linear.outputs; ++o) {
      const float* from = weights + static_cast<std::size_t>(o) * linear.inputs;
      for (std::size_t k = 0; k < linear.inputs; ++k) row[k] = from[plain_input(linear, k)];
      pack_linear_row(row.data(), linear.inputs, linear.outputs, o, linear.bf16, linear.weights.get());
    }
  }
  linear.bias.assign(static_cast<std::size_t>(linear.outputs), 0.0F);
  if (bias != nullptr) std::copy_n(bias, linear.outputs, linear.bias.begin());
  linear.packed = true;
}

// Part `piece / groups` of the inputs, group `piece % groups` of the outputs, all images.
void sum_piece(const Linear& linear, int piece, const float* src, float* scratch, float* sums) {
  const auto part = static_cast<std::size_t>(piece / linear.groups);
  const int group = piece % linear.groups;
  PackedLinearArgs args;
  args.outputs = linear.outputs;
  args.inputs = linear.inputs;
  args.weights = linear.weights.get();
  args.bf16 = linear.bf16;
  const auto outputs = static_cast<std::size_t>(linear.outputs);
  for (int n = 0; n < linear.images; n += kImagesTogether) {
    args.src = src + static_cast<std::size_t>(n) * linear.inputs;
    args.images = std::min(kImagesTogether, linear.images - n);
    sum_packed_linear(
        args, linear.first_chunk(part), linear.first_chunk(part + 1), linear.blocks * group / linear.groups,
        linear.blocks * (group + 1) / linear.groups, scratch,
        sums + (part * static_cast<std::size_t>(linear.images) + static_cast<std::size_t>(n)) * outputs,
        outputs);
  }
}

void run(const Linear& linear, const float* src, void* dst, float* scratch) {
  float* sums = scratch + static_cast<std::size_t>(linear.threads) * linear.thread_floats();
  const int results = linear.images * linear.outputs;
#pragma omp parallel num_threads(linear.threads)
  {
    float* own = scratch + static_cast<std::size_t>(omp_get_thread_num()) * linear.thread_floats();
#pragma omp for schedule(static)
    for (int piece = 0; piece < kParts * linear.groups; ++piece) sum_piece(linear, piece, src, own, sums);
#pragma omp for schedule(static)
    for (int i = 0; i < results; ++i) {
      float value = linear.bias[static_cast<std::size_t>(i % linear.outputs)];
      for (int part = 0; part < kParts; ++part) value += sums[static_cast<std::size_t>(part) * results + i];
      if (linear.relu) value = std::max(value, 0.0F);
      if (linear.bf16_dst) {
        static_cast<std::uint16_t*>(dst)[i] = to_bf16(value);
      } else {
        static_cast<float*>(dst)[i] = value;
      }
    }
  }
}

// What a thread's first piece begins with, as much as leaves room in its L2 cache; nothing where the pieces
// lie scattered, or before the weights are packed.
Stretch first_weights(const Linear& linear, int thread) {
  static const long l2_bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);  // 0: not known
  if (!linear.packed || linear.groups != 1 || l2_bytes <= 0) return {};
  const auto part = static_cast<std::size_t>(kParts * thread / linear.threads);
  const std::size_t chunk_bytes = kPackedLinearChunk * static_cast<std::size_t>(linear.blocks) *
                                  static_cast<std::size_t>(packed_linear_block()) * (linear.bf16 ? 2 : 4);
  const std::size_t begin = linear.first_chunk(part), end = linear.first_chunk(part + 1);
  return {linear.weights.get() + begin * chunk_bytes,
          std::min((end - begin) * chunk_bytes, static_cast<std::size_t>(l2_bytes) * 5 / 8)};
}

// The fewest groups with which the pieces divide evenly among the threads.
int groups_for(int blocks, int threads) {
  for (int groups = 1; groups < blocks; ++groups) {
    if (kParts * groups % threads == 0) return groups;
  }
  return blocks;
}

}  // namespace

bool packed_linear_fits(const Context& context, const InnerProductShape& shape, const memory::desc& src_md) {
  const bool amx = onednn_info().effective_isa.find("amx") != std::string::npos;
  if (fused_block_isa().empty() || packed_linear_block() == 0 ||
      (context.dtype != memory::data_type::f32 && amx))
    return false;
  if (static_cast<double>(count_of(shape.weights, 0)) < kLeastWeights) return false;
  return src_md == plain_md(shape.src) ||
         (shape.src.size() == 4 && src_md == activation_md(shape.src, memory::data_type::f32, Layout::nhwc));
}

Kernel packed_linear_forward(const Context& context, const std::string& layer, const InnerProductShape& shape,
                             const ConvOptions& options, const memory::desc& src_md,
                             memory::data_type dst_type) {
  auto linear = std::make_shared<Linear>();
  linear->shape = shape;
  linear->nhwc = src_md != plain_md(shape.src);
  linear->bf16 = context.dtype == memory::data_type::bf16;
  linear->bf16_dst = dst_type == memory::data_type::bf16;
  linear->relu = options.relu;
  linear->images = static_cast<int>(shape.src[0]);
  linear->outputs = static_cast<int>(shape.dst[1]);
  linear->inputs = count_of(shape.src, 1);
  linear->blocks = (linear->outputs + packed_linear_block() - 1) / packed_linear_block();
  linear->threads = max_threads();
  linear->groups = groups_for(linear->blocks, linear->threads);
  Kernel kernel;
  kernel.kind = "inner_product";
  kernel.impl = fmt::format("ours:{}{}", linear->bf16 ? "bf16_weights:" : "", fused_block_isa());
  const auto weights_md = plain_md(shape.weights);
  kernel.arguments = {
      {DNNL_ARG_SRC, src_md},
      {DNNL_ARG_WEIGHTS, weights_md},
      {DNNL_ARG_DST, plain_md(shape.dst, dst_type)},
      {DNNL_ARG_SCRATCHPAD, plain_md({static_cast<memory::dim>(linear->threads * linear->thread_floats() +
                                                               linear->sums_floats())})}};
  kernel.is_output = {
      {DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}, {DNNL_ARG_SCRATCHPAD, true}};
  if (options.bias) {
    kernel.arguments[DNNL_ARG_BIAS] = plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  kernel.cost.flop = inner_product_flop(shape);
  kernel.cost.min_bytes = static_cast<double>(src_md.get_size()) +
                          static_cast<double>(weights_md.get_size()) / (linear->bf16 ? 2 : 1) +
                          static_cast<double>(kernel.arguments.at(DNNL_ARG_DST).get_size()) +
                          (options.bias ? 4.0 * linear->outputs : 0.0);
  const auto at = [](const Arguments& arguments, int argument) -> void* {
    const auto found = arguments.find(argument);
    return found == arguments.end() ? nullptr : found->second.get_data_handle();
  };
  kernel.prepare = [=](const Arguments& arguments) {
    pack(*linear, static_cast<float*>(at(arguments, DNNL_ARG_WEIGHTS)),
         static_cast<float*>(at(arguments, DNNL_ARG_BIAS)));
  };
  kernel.native = [=](const Arguments& arguments) {
    if (!linear->packed) throw std::logic_error(layer + ": its weights were never packed");
    run(*linear, static_cast<float*>(at(arguments, DNNL_ARG_SRC)), at(arguments, DNNL_ARG_DST),
        static_cast<float*>(at(arguments, DNNL_ARG_SCRATCHPAD)));
  };
  kernel.first_reads = [=](int thread) { return first_weights(*linear, thread); };
  return kernel;
}

}  // namespace dsx

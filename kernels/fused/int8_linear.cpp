// Packing of weights and sharing the work out; the arithmetic is int8_linear_simd.cpp's.
//
// Threads share the inputs, and with them the reading of weights. A part of the inputs is at most 64 chunks,
// 65,536 inputs, whose sum fits into s32 whatever the values; parts are added in 64 bits.
#include "kernels/fused/int8_linear.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "kernels/fused/int8_linear_simd.hpp"
#include "kernels/onednn/paged_memory.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

constexpr std::size_t kLeastInt8Weights = 256 * 1024;  // oneDNN's time for less does not show
constexpr std::size_t kMostChunks = 64;                // of a part
constexpr std::size_t kLine = 64;

std::size_t product(const memory::dims& dims, std::size_t first) {
  return static_cast<std::size_t>(std::accumulate(dims.begin() + static_cast<std::ptrdiff_t>(first),
                                                  dims.end(), memory::dim{1}, std::multiplies<>()));
}

struct Int8Linear {
  bool nhwc = false, relu = false, packed = false;
  int images = 0, outputs = 0, threads = 1, parts = 1;
  std::size_t inputs = 0, channels = 0;
  kernels::Int8Scales scales;
  memory weights, bias;  // s8, as they are read; f32
  std::vector<float> factors;
  Int8LinearArgs args;

  std::size_t chunks() const { return (inputs + kInt8Chunk - 1) / kInt8Chunk; }
  std::size_t first_chunk(int part) const {
    return chunks() * static_cast<std::size_t>(part) / static_cast<std::size_t>(parts);
  }
  std::size_t results() const { return static_cast<std::size_t>(images) * outputs; }
  std::size_t thread_bytes() const {
    return (int8_linear_memory(std::min(images, kInt8Images), outputs) + kLine - 1) / kLine * kLine;
  }
  std::size_t scratch_bytes() const {
    return static_cast<std::size_t>(threads) * thread_bytes() +
           static_cast<std::size_t>(parts) * results() * sizeof(std::int32_t);
  }
};

// Chunk by chunk, so that what is written stays in the cache.
void pack(Int8Linear& linear, const float* weights, const float* bias) {
  const std::size_t rows = static_cast<std::size_t>(linear.outputs);
  std::span<const float> given;
  if (bias != nullptr) given = {bias, rows};
  const auto layer = int8_layer({weights, rows * linear.inputs}, rows, given, linear.scales);
  linear.factors = layer.factors;
  std::ranges::copy(layer.bias, static_cast<float*>(linear.bias.get_data_handle()));
  const std::size_t chunk_bytes = int8_linear_chunk_bytes(linear.outputs),
                    area = linear.inputs / linear.channels;
  auto* packed = static_cast<std::int8_t*>(linear.weights.get_data_handle());
#pragma omp parallel num_threads(linear.threads)
  {
    std::vector<std::int8_t> values(rows * kInt8Chunk);
#pragma omp for schedule(static)
    for (std::size_t c = 0; c < linear.chunks(); ++c) {
      const std::size_t first = c * kInt8Chunk, count = std::min(kInt8Chunk, linear.inputs - first);
      for (std::size_t k = first; k < first + count; ++k) {
        // PyTorch's weights are channel-major, whatever the order of the source.
        const std::int8_t* from =
            layer.weights.data() + (linear.nhwc ? k % linear.channels * area + k / linear.channels : k);
        for (std::size_t o = 0; o < rows; ++o) values[o * kInt8Chunk + k - first] = from[o * linear.inputs];
      }
      int8_linear_pack_chunk(values.data(), count, linear.outputs, packed + c * chunk_bytes);
    }
  }
  linear.packed = true;
}

// Of all images, in groups.
void sum_part(const Int8Linear& linear, int part, const std::uint8_t* src, std::byte* memory,
              std::int32_t* sums) {
  auto args = linear.args;
  for (int n = 0; n < linear.images; n += kInt8Images) {
    args.images = std::min(kInt8Images, linear.images - n);
    args.src = src + static_cast<std::size_t>(n) * linear.inputs;
    int8_linear_sums(args, linear.first_chunk(part), linear.first_chunk(part + 1), memory,
                     sums + static_cast<std::size_t>(n) * linear.outputs);
  }
}

// Result i of all parts' sums.
float value_of(const Int8Linear& linear, const std::int32_t* sums, std::size_t i) {
  std::int64_t sum = 0;
  for (int part = 0; part < linear.parts; ++part)
    sum += sums[static_cast<std::size_t>(part) * linear.results() + i];
  const std::size_t o = i % static_cast<std::size_t>(linear.outputs);
  const float value = static_cast<float>(sum) * linear.factors[o] +
                      static_cast<const float*>(linear.bias.get_data_handle())[o];
  return linear.relu ? std::max(value, 0.F) : value;
}

void run(const Int8Linear& linear, const std::uint8_t* src, void* dst, std::byte* scratch) {
  const std::size_t thread_bytes = linear.thread_bytes();
  auto* sums =
      reinterpret_cast<std::int32_t*>(scratch + static_cast<std::size_t>(linear.threads) * thread_bytes);
  const float inverse = linear.scales.dst ? 1 / *linear.scales.dst : 0;
#pragma omp parallel num_threads(linear.threads)
  {
    std::byte* own = scratch + static_cast<std::size_t>(omp_get_thread_num()) * thread_bytes;
#pragma omp for schedule(static)
    for (int part = 0; part < linear.parts; ++part)
      sum_part(linear, part, src, own, sums + static_cast<std::size_t>(part) * linear.results());
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < linear.results(); ++i) {
      const float value = value_of(linear, sums, i);
      if (linear.scales.dst) {
        static_cast<std::uint8_t*>(dst)[i] = nearest_u8(value, inverse);
      } else {
        static_cast<float*>(dst)[i] = value;
      }
    }
  }
}

std::shared_ptr<Int8Linear> make_linear(const kernels::Context& context,
                                        const kernels::InnerProductShape& shape,
                                        const kernels::ConvOptions& options,
                                        const kernels::Int8Scales& scales, const memory::desc& src_md) {
  auto linear = std::make_shared<Int8Linear>();
  linear->nhwc = src_md != kernels::plain_md(shape.src, memory::data_type::u8);
  linear->relu = options.relu;
  linear->images = static_cast<int>(shape.src[0]);
  linear->outputs = static_cast<int>(shape.dst[1]);
  linear->inputs = product(shape.src, 1);
  linear->channels = static_cast<std::size_t>(shape.src[1]);
  linear->scales = scales;
  linear->threads = kernels::max_threads();
  const auto least = static_cast<int>((linear->chunks() + kMostChunks - 1) / kMostChunks);
  linear->parts = (least + linear->threads - 1) / linear->threads * linear->threads;
  const auto bytes = static_cast<memory::dim>(linear->chunks() * int8_linear_chunk_bytes(linear->outputs));
  linear->weights =
      kernels::make_paged_memory(kernels::plain_md({bytes}, memory::data_type::s8), context.engine);
  linear->bias = memory(kernels::plain_md({shape.dst[1]}), context.engine);
  linear->args = {nullptr,
                  0,
                  linear->outputs,
                  linear->inputs,
                  static_cast<const std::int8_t*>(linear->weights.get_data_handle()),
                  int8_has_vnni()};
  return linear;
}

}  // namespace

bool int8_linear_fits(const kernels::InnerProductShape& shape, const memory::desc& src_md) {
  if (int8_isa().empty() || product(shape.weights, 0) < kLeastInt8Weights) return false;
  constexpr auto u8 = memory::data_type::u8;
  return src_md == kernels::plain_md(shape.src, u8) ||
         (shape.src.size() == 4 && src_md == kernels::activation_md(shape.src, u8, kernels::Layout::nhwc));
}

kernels::Kernel int8_linear_forward(const kernels::Context& context, const std::string& layer,
                                    const kernels::InnerProductShape& shape,
                                    const kernels::ConvOptions& options, const kernels::Int8Scales& scales,
                                    const memory::desc& src_md) {
  const auto linear = make_linear(context, shape, options, scales, src_md);
  const auto type = scales.dst ? memory::data_type::u8 : memory::data_type::f32;
  kernels::Kernel kernel;
  kernel.kind = "inner_product";
  kernel.impl = fmt::format("ours:int8:{}", int8_isa());
  kernel.arguments = {
      {DNNL_ARG_SRC, src_md},
      {DNNL_ARG_WEIGHTS, kernels::plain_md(shape.weights)},
      {DNNL_ARG_DST, kernels::plain_md(shape.dst, type)},
      {DNNL_ARG_SCRATCHPAD,
       kernels::plain_md({static_cast<memory::dim>(linear->scratch_bytes())}, memory::data_type::u8)}};
  kernel.is_output = {
      {DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}, {DNNL_ARG_SCRATCHPAD, true}};
  if (options.bias) {
    kernel.arguments[DNNL_ARG_BIAS] = kernels::plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  kernel.own = {{DNNL_ARG_WEIGHTS, linear->weights}, {DNNL_ARG_BIAS, linear->bias}};
  kernel.cost.flop = kernels::inner_product_flop(shape);
  kernel.cost.min_bytes = static_cast<double>(src_md.get_size() + product(shape.weights, 0)) +
                          static_cast<double>(kernel.arguments.at(DNNL_ARG_DST).get_size()) +
                          4.0 * linear->outputs;
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
    run(*linear, static_cast<std::uint8_t*>(at(arguments, DNNL_ARG_SRC)), at(arguments, DNNL_ARG_DST),
        static_cast<std::byte*>(at(arguments, DNNL_ARG_SCRATCHPAD)));
  };
  return kernel;
}

}  // namespace dsx::fused

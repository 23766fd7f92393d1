// Shapes, packing of weights, and sharing the work out; the arithmetic is the operator's (fused_pool.hpp).
#include "kernels/fused/int8_block.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/int8_linear_simd.hpp"
#include "kernels/onednn/paged_memory.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

// What a kernel knows from its shape, and its packed weights.
struct Int8Block {
  kernels::ConvShape shape;
  kernels::Int8Scales scales;
  FusedPool pool;
  Int8BlockArgs args;  // src and dst aside
  bool rows = false;   // pool.int8_row_lanes, else pool.int8_channel_lanes
  int lanes = 1, threads = 1, images = 0;
  bool packed = false;
  memory weights, bias;        // s8, as they are read; f32
  std::vector<float> factors;  // as many as biases

  std::size_t src_bytes() const {
    return static_cast<std::size_t>(args.in_channels) * args.height * args.width;
  }
  std::size_t dst_bytes() const {
    return static_cast<std::size_t>(args.out_channels) * args.dst_height * args.dst_width;
  }
  // Pairs of rows of the convolution: what is computed together. An odd last row goes with the last one.
  int pieces() const { return pool.window == 1 ? args.dst_height / 2 : args.dst_height; }
  int rows_of_piece() const { return pool.window == 1 ? 2 : 1; }
  std::size_t padded_channels() const {
    return static_cast<std::size_t>(rows ? kInt8RowChannels
                                         : (args.out_channels + lanes - 1) / lanes * lanes);
  }
  std::size_t kernel_row() const {  // bytes of packed weights, for a vector of channels
    return static_cast<std::size_t>(int8_quads(args.kernel * args.in_channels)) * 4 * lanes;
  }
  std::size_t weights_bytes() const {
    return rows ? padded_channels() * kInt8RowWeights
                : padded_channels() / lanes * args.kernel * kernel_row();
  }
  std::size_t scratch_bytes() const { return rows ? int8_rows_scratch(args.width) : 0; }  // of a thread
};

// Weights oihw of one output channel to its lane.
void pack_channel(const Int8Block& block, int o, const std::int8_t* weights, std::int8_t* packed) {
  const auto& a = block.args;
  const int bytes = a.kernel * a.in_channels;
  std::int8_t* lane = packed + static_cast<std::size_t>(o / block.lanes) * a.kernel * block.kernel_row() +
                      static_cast<std::size_t>(o % block.lanes) * 4;
  for (int r = 0; r < a.kernel; ++r, lane += block.kernel_row()) {
    for (int q = 0; q < int8_quads(bytes); ++q) {
      for (int b = 4 * q; b < std::min(4 * q + 4, bytes); ++b) {
        const int column = b / a.in_channels, i = b % a.in_channels;
        lane[static_cast<std::size_t>(q) * 4 * block.lanes + (b - int8_quad_at(bytes, q))] =
            weights[(static_cast<std::size_t>(i) * a.kernel + r) * a.kernel + column];
      }
    }
  }
}

// Weights [5][5] of one output channel: for the upper row and for the lower one 5 quads down the columns,
// then the row that is left, 4 and 1.
void pack_rows_channel(int o, const std::int8_t* weights, std::int8_t* packed) {
  std::int8_t* to = packed + static_cast<std::size_t>(o) * kInt8RowWeights;
  for (const int first : {1, 0}) {
    const int left = first == 1 ? 0 : 4;
    for (int column = 0; column < 5; ++column)
      for (int r = 0; r < 4; ++r) *to++ = weights[(first + r) * 5 + column];
    std::copy_n(weights + static_cast<std::ptrdiff_t>(left) * 5, 5, to);
    to += 8;
  }
}

void pack(Int8Block& block, const float* weights, const float* bias) {
  const auto rows = static_cast<std::size_t>(block.args.out_channels);
  const std::size_t taps =
      static_cast<std::size_t>(block.args.in_channels) * block.args.kernel * block.args.kernel;
  std::span<const float> given;
  if (bias != nullptr) given = {bias, rows};
  const auto layer = int8_layer({weights, rows * taps}, rows, given, block.scales);
  std::ranges::copy(layer.factors, block.factors.begin());
  std::ranges::copy(layer.bias, static_cast<float*>(block.bias.get_data_handle()));
  auto* packed = static_cast<std::int8_t*>(block.weights.get_data_handle());
  std::fill_n(packed, block.weights_bytes(), std::int8_t{0});
  for (int o = 0; o < block.args.out_channels; ++o) {
    const std::int8_t* from = layer.weights.data() + static_cast<std::size_t>(o) * taps;
    if (block.rows) {
      pack_rows_channel(o, from, packed);
    } else {
      pack_channel(block, o, from, packed);
    }
  }
  block.packed = true;
}

// The tensors of a batch.
struct Int8Places {
  const std::uint8_t* src;
  std::uint8_t *dst, *scratch;
};

// Pieces [first, last) of one image, counted over where its source and its result lie.
void run_pieces(const Int8Block& block, const Int8Places& places, const kernels::ImagePlace& place, int first,
                int last) {
  auto args = block.args;
  args.src = places.src + place.from * block.src_bytes();
  args.dst = places.dst + place.to * block.dst_bytes();
  args.scratch = places.scratch + static_cast<std::size_t>(place.thread) * block.scratch_bytes();
  const int rows = block.rows_of_piece();
  (block.rows ? block.pool.int8_row_lanes : block.pool.int8_channel_lanes)(
      args, first * rows, last == block.pieces() ? args.dst_height : last * rows);
}

// Pieces of all images, in order, are shared out evenly: whole images to each thread where there are enough.
void run(const Int8Block& block, const Int8Places& places) {
#pragma omp parallel num_threads(block.threads)
  {
    const auto threads = static_cast<std::int64_t>(omp_get_num_threads()),
               thread = static_cast<std::int64_t>(omp_get_thread_num());
    const std::int64_t pieces = block.pieces(), all = block.images * pieces,
                       stop = all * (thread + 1) / threads;
    for (std::int64_t piece = all * thread / threads; piece < stop;) {
      const auto image = static_cast<std::size_t>(piece / pieces);
      const std::int64_t first = piece % pieces, last = std::min(pieces, first + stop - piece);
      run_pieces(block, places, {image, image, image, static_cast<int>(thread)}, static_cast<int>(first),
                 static_cast<int>(last));
      piece += last - first;
    }
  }
}

std::shared_ptr<Int8Block> make_block(const kernels::Context& context, const kernels::ConvShape& shape,
                                      const FusedPool& pool, const kernels::Int8Scales& scales) {
  auto block = std::make_shared<Int8Block>();
  const auto dst = fused_dst_dims(shape, pool);
  block->shape = shape;
  block->scales = scales;
  block->pool = pool;
  block->threads = kernels::max_threads();
  block->images = static_cast<int>(shape.src[0]);
  block->lanes = int8_lanes();
  auto& args = block->args;
  args.in_channels = static_cast<int>(shape.src[1]);
  args.height = static_cast<int>(shape.src[2]);
  args.width = static_cast<int>(shape.src[3]);
  args.out_channels = static_cast<int>(shape.dst[1]);
  args.kernel = static_cast<int>(shape.weights[2]);
  args.stride = shape.stride;
  args.conv_width = static_cast<int>(shape.dst[3]);
  args.dst_height = static_cast<int>(dst[2]);
  args.dst_width = static_cast<int>(dst[3]);
  block->rows = pool.int8_row_lanes != nullptr && args.in_channels == 1 && args.kernel == 5 &&
                args.out_channels <= kInt8RowChannels && args.dst_width >= block->lanes;
  args.inverse = 1 / scales.dst.value();
  args.vnni = int8_has_vnni();
  const auto channels = static_cast<memory::dim>(block->padded_channels());
  block->weights = kernels::make_paged_memory(
      kernels::plain_md({static_cast<memory::dim>(block->weights_bytes())}, memory::data_type::s8),
      context.engine);
  block->bias = memory(kernels::plain_md({channels}), context.engine);
  std::fill_n(static_cast<float*>(block->bias.get_data_handle()), channels, 0.F);
  block->factors.assign(static_cast<std::size_t>(channels), 0.F);
  args.weights = static_cast<const std::int8_t*>(block->weights.get_data_handle());
  args.bias = static_cast<const float*>(block->bias.get_data_handle());
  args.factors = block->factors.data();
  return block;
}

void describe(kernels::Kernel& kernel, const kernels::ConvShape& shape, const FusedPool& pool, bool bias) {
  constexpr auto u8 = memory::data_type::u8;
  const auto dst = fused_dst_dims(shape, pool);
  const auto src_md = kernels::activation_md(shape.src, u8, kernels::Layout::nhwc),
             dst_md = kernels::activation_md(dst, u8, kernels::Layout::nhwc),
             weights_md = kernels::plain_md(shape.weights);
  kernel.kind = "fused_block";
  kernel.arguments = {{DNNL_ARG_SRC, src_md}, {DNNL_ARG_WEIGHTS, weights_md}, {DNNL_ARG_DST, dst_md}};
  kernel.is_output = {{DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}};
  if (bias) {
    kernel.arguments[DNNL_ARG_BIAS] = kernels::plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  double pooled = 1;
  for (const auto d : dst) pooled *= static_cast<double>(d);
  kernel.cost.flop = kernels::conv_flop(shape) + pool.flop * pooled;
  kernel.cost.min_bytes =
      static_cast<double>(src_md.get_size() + weights_md.get_size() / 4 + dst_md.get_size()) +
      4.0 * static_cast<double>(shape.dst[1]);
}

}  // namespace

std::optional<FusedPool> int8_pool_for(const kernels::ConvShape& shape, FusedPoolMaker op) {
  if (op == nullptr || int8_isa().empty() || shape.depthwise() || shape.padding_l != 0 ||
      shape.padding_r > 0 || shape.weights[2] != shape.weights[3] || shape.dst[3] < 4 || shape.dst[2] < 2 ||
      shape.weights[2] * shape.src[1] < 4)
    return std::nullopt;
  const FusedPool pool = op();
  if (pool.conv_stride != shape.stride || pool.int8_channel_lanes == nullptr) return std::nullopt;
  return pool;
}

kernels::Kernel int8_block_forward(const kernels::Context& context, const std::string& layer,
                                   const kernels::ConvShape& shape, const FusedPool& pool, bool bias,
                                   const kernels::Int8Scales& scales) {
  const auto block = make_block(context, shape, pool, scales);
  kernels::Kernel kernel;
  describe(kernel, shape, pool, bias);
  kernel.impl = fmt::format("ours:int8:{}:{}", block->rows ? "rows" : "channels", int8_isa());
  if (const auto bytes = static_cast<memory::dim>(block->scratch_bytes()); bytes != 0) {
    kernel.arguments[DNNL_ARG_SCRATCHPAD] =
        kernels::plain_md({bytes * block->threads}, memory::data_type::u8);
    kernel.is_output[DNNL_ARG_SCRATCHPAD] = true;
  }
  kernel.own = {{DNNL_ARG_WEIGHTS, block->weights}, {DNNL_ARG_BIAS, block->bias}};
  const auto floats = [](const kernels::Arguments& arguments, int argument) {
    const auto found = arguments.find(argument);
    return found == arguments.end() ? nullptr : static_cast<const float*>(found->second.get_data_handle());
  };
  kernel.prepare = [=](const kernels::Arguments& arguments) {
    pack(*block, floats(arguments, DNNL_ARG_WEIGHTS), floats(arguments, DNNL_ARG_BIAS));
  };
  const auto places = [=](const kernels::Arguments& arguments) {
    if (!block->packed) throw std::logic_error(layer + ": its weights were never packed");
    const auto bytes = [&](int argument) {
      const auto found = arguments.find(argument);
      return found == arguments.end() ? nullptr : static_cast<std::uint8_t*>(found->second.get_data_handle());
    };
    return Int8Places{bytes(DNNL_ARG_SRC), bytes(DNNL_ARG_DST), bytes(DNNL_ARG_SCRATCHPAD)};
  };
  kernel.native = [=](const kernels::Arguments& arguments) { run(*block, places(arguments)); };
  kernel.per_image = [=](const kernels::Arguments& arguments, const kernels::ImagePlace& place) {
    run_pieces(*block, places(arguments), place, 0, block->pieces());
  };
  return kernel;
}

}  // namespace dsx::fused

// Shapes, packing of weights, and sharing the work out; the arithmetic is the operator's (fused_pool.hpp).
#include "kernels/fused/fused_block.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "kernels/fused/fast_weights.hpp"
#include "kernels/fused/fused_block_simd.hpp"
#include "kernels/onednn/bf16.hpp"
#include "kernels/onednn/prefetch.hpp"

namespace dsx::fused {

using dnnl::memory;

namespace {

// Once, before Highway's first choice: the kernels are held to what oneDNN is held to.
void follow_onednn_isa() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto isa = kernels::onednn_info().effective_isa;
    const bool avx512 = isa.find("avx512") != std::string::npos || isa.find("avx10") != std::string::npos;
    limit_fused_block_isa(avx512, avx512 || isa.find("avx2") != std::string::npos);
  });
}

// What a kernel knows from its shape, and its packed weights.
struct Block {
  kernels::ConvShape shape;
  FusedBlockArgs args;  // src and dst aside
  FusedPool pool;
  bool channels = false;  // pool.channel_lanes, else pool.row_lanes
  bool round_to_bf16 = false;
  int together = 1;       // output channels in a block of weights
  int fast_together = 0;  // the same of the fast filters' weights; 0: the direct kernel
  int threads = 1;
  int images = 0;
  bool packed = false;
  std::vector<float> weights, bias;
  std::vector<float> fast_weights;  // empty: too large for it, all by the direct kernel
  kernels::FirstReads next_reads;   // of the step after this one, if it says

  bool deinterleaves() const { return shape.stride == 2 && !channels; }
  // Rows of dst whose source is deinterleaved at a time: it stays in the cache.
  static constexpr int kStrip = 16;
  std::size_t scratch_floats() const {  // of a thread; a multiple of a cache line
    if (fast_together != 0) return fast_scratch(args, channels);
    if (!deinterleaves()) return 0;
    const int rows = std::min(2 * (kStrip + 1) + args.kernel, args.height);
    return (static_cast<std::size_t>(args.in_channels) * rows * args.width + 15) / 16 * 16;
  }
  std::size_t src_floats() const {
    return static_cast<std::size_t>(args.in_channels) * args.height * args.width;
  }
  std::size_t dst_floats() const {
    return static_cast<std::size_t>(args.out_channels) * args.dst_height * args.dst_width;
  }
};

// oihw -> [block][i][h][w][o within the block]
void pack_direct(Block& block, const float* weights, const float* bias) {
  const auto taps =
      static_cast<std::size_t>(block.shape.weights[1] * block.shape.weights[2] * block.shape.weights[3]);
  const int together = block.together;
  for (int o = 0; o < block.args.out_channels; ++o) {
    float* to =
        block.weights.data() + static_cast<std::size_t>(o / together) * taps * together + o % together;
    const float* from = weights + static_cast<std::size_t>(o) * taps;
    for (std::size_t t = 0; t < taps; ++t) to[t * together] = from[t];
    block.bias[static_cast<std::size_t>(o)] = bias == nullptr ? 0.0F : bias[o];
  }
}

void pack(Block& block, const float* weights, const float* bias) {
  const auto& dims = block.shape.weights;
  std::vector<float> rounded(weights, weights + dims[0] * dims[1] * dims[2] * dims[3]);
  if (block.round_to_bf16)
    std::transform(rounded.begin(), rounded.end(), rounded.begin(), kernels::rounded_to_bf16);
  pack_direct(block, rounded.data(), bias);
  if (block.fast_together != 0)
    block.fast_weights = pack_fast_weights(block.args, block.fast_together, rounded.data());
  block.packed = true;
}

// Rows [begin, end) of one image whose stride 2 wants its rows deinterleaved, strip by strip.
void run_strips(const Block& block, FusedBlockArgs args, int begin, int end, float* scratch) {
  const float* src = args.src;
  const int source_rows = args.height;
  kernels::PrefetchQueue ahead;
  for (int at = begin; at < end; at += Block::kStrip) {
    const int last = std::min(at + Block::kStrip, end);
    // An odd last row is computed with the one before it.
    args.first_row = 2 * std::min(at, args.dst_height - 2);
    args.height = std::min(2 * last + args.kernel, source_rows) - args.first_row;
    args.src = scratch;
    for (int c = 0; c < args.in_channels; ++c) {
      deinterleave_rows(src + (static_cast<std::size_t>(c) * source_rows + args.first_row) * args.width,
                        scratch + static_cast<std::size_t>(c) * args.height * args.width, args.width,
                        static_cast<std::size_t>(args.height));
    }
    // Meanwhile the next strip's source comes.
    ahead.clear();
    const int known = args.first_row + args.height,
              wanted = std::min(2 * (last + Block::kStrip) + args.kernel, source_rows);
    for (int c = 0; c < args.in_channels && last < end; ++c) {
      ahead.add(src + (static_cast<std::size_t>(c) * source_rows + known) * args.width,
                sizeof(float) * static_cast<std::size_t>(wanted - known) * args.width);
    }
    ahead.share_out(Block::kStrip / 2);
    for (int row = at; row < last; row += 2, ahead.next())
      block.pool.row_lanes(args, row, std::min(row + 2, last));
  }
}

// Rows [begin, end) of an image's result. `scratch`: the thread's own.
void run_image(const Block& block, const float* src, float* dst, int begin, int end, float* scratch,
               const kernels::Stretch& ahead = {}) {
  auto args = block.args;
  args.ahead = ahead;
  args.src = src;
  args.dst = dst;
  if (block.fast_together != 0) {
    const float* const weights = block.fast_weights.empty() ? nullptr : block.fast_weights.data();
    const auto rows = block.channels ? block.pool.fast_channel_lanes : block.pool.fast_row_lanes;
    return rows({args, weights, scratch}, begin, end);
  }
  if (block.channels) return block.pool.channel_lanes(args, begin, end);
  if (block.deinterleaves()) return run_strips(block, args, begin, end, scratch);
  block.pool.row_lanes(args, begin, end);
}

// The tensors of a batch, by image and by thread.
struct Places {
  const Block& block;
  const float* src;
  float *dst, *scratch;
  const float* src_of(std::size_t image) const { return src + image * block.src_floats(); }
  float* dst_of(std::size_t image) const { return dst + image * block.dst_floats(); }
  float* scratch_of(int thread) const {
    return scratch + static_cast<std::size_t>(thread) * block.scratch_floats();
  }
};

// Pieces of two rows (the last one takes an odd row along) of all images, in order, are shared out evenly:
// whole images to each thread where there are enough.
void run(const Block& block, const Places& places) {
  const int rows = block.args.dst_height, pieces = rows / 2;
#pragma omp parallel num_threads(block.threads)
  {
    const auto threads = static_cast<std::int64_t>(omp_get_num_threads()),
               thread = static_cast<std::int64_t>(omp_get_thread_num());
    const std::int64_t all = static_cast<std::int64_t>(block.images) * pieces,
                       stop = all * (thread + 1) / threads;
    const kernels::Stretch ahead =
        block.next_reads ? block.next_reads(static_cast<int>(thread)) : kernels::Stretch{};
    for (std::int64_t piece = all * thread / threads; piece < stop;) {
      const std::int64_t image = piece / pieces, first = piece % pieces,
                         last = std::min<std::int64_t>(pieces, first + stop - piece);
      const int begin = static_cast<int>(2 * first), end = last == pieces ? rows : static_cast<int>(2 * last);
      const auto n = static_cast<std::size_t>(image);
      run_image(block, places.src_of(n), places.dst_of(n), begin, end,
                places.scratch_of(static_cast<int>(thread)),
                piece + last - first == stop ? ahead : kernels::Stretch{});
      piece += last - first;
    }
  }
}

double fast_flop_of(const Block& block) {
  return block.images * fast_flop(block.args, block.args.dst_height * block.pool.window);
}

// Output channels together in the fast filters' weights; 0: the direct kernel.
int fast_channels(kernels::Algorithm algorithm, const Block& block) {
  const int together = fast_block_channels(block.args, block.channels);
  return takes_fast(algorithm, fast_flop_of(block), kernels::conv_flop(block.shape)) ? together : 0;
}

std::shared_ptr<Block> make_block(const kernels::Context& context, const kernels::ConvShape& shape,
                                  const FusedBlockOptions& options) {
  auto block = std::make_shared<Block>();
  const auto dst = fused_dst_dims(shape, options.pool);
  block->shape = shape;
  block->pool = options.pool;
  block->threads = kernels::max_threads();
  block->images = static_cast<int>(shape.src[0]);
  block->round_to_bf16 = context.dtype == memory::data_type::bf16;
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
  block->channels =
      (options.may_be_nhwc || options.pool.window == 1) && fused_channels_fit(args.out_channels, args.kernel);
  args.dst_nchw = !(block->channels && options.may_be_nhwc);
  if (!block->channels || !args.dst_nchw) block->fast_together = fast_channels(context.algorithm, *block);
  block->together = block->channels ? fused_block_lanes() : fused_block_channels(args.out_channels);
  const auto blocks = static_cast<std::size_t>((args.out_channels + block->together - 1) / block->together);
  const auto padded = blocks * static_cast<std::size_t>(block->together);
  block->weights.assign(
      padded * static_cast<std::size_t>(shape.weights[1] * shape.weights[2] * shape.weights[3]), 0.0F);
  block->bias.assign(padded, 0.0F);
  args.weights = block->weights.data();
  args.bias = block->bias.data();
  return block;
}

}  // namespace

std::string fused_block_isa() {
  follow_onednn_isa();
  return fused_block_lanes() == 0 ? "" : fused_block_target();
}

memory::dims fused_dst_dims(const kernels::ConvShape& shape, const FusedPool& pool) {
  return {shape.dst[0], shape.dst[1], shape.dst[2] / pool.window, shape.dst[3] / pool.window};
}

std::optional<FusedPool> fused_pool_for(const kernels::Context& context, const kernels::ConvShape& shape,
                                        FusedPoolMaker op) {
  follow_onednn_isa();
  const int lanes = fused_block_lanes();
  const bool amx = kernels::onednn_info().effective_isa.find("amx") != std::string::npos;
  if (op == nullptr || lanes == 0 || (context.dtype != memory::data_type::f32 && amx) || shape.depthwise() ||
      shape.padding_l != 0 || shape.padding_r > 0 || shape.weights[2] != shape.weights[3] ||
      shape.dst[3] < 2 * lanes || shape.dst[2] < 2) {
    return std::nullopt;
  }
  const FusedPool pool = op();
  return pool.conv_stride == shape.stride ? std::optional(pool) : std::nullopt;
}

kernels::Kernel fused_block_forward(const kernels::Context& context, const std::string& layer,
                                    const kernels::ConvShape& shape, const FusedBlockOptions& options) {
  const auto block = make_block(context, shape, options);
  const auto dst = fused_dst_dims(shape, options.pool);
  kernels::Kernel kernel;
  kernel.kind = "fused_block";
  kernel.impl = fmt::format("ours:{}{}:{}", block->fast_together != 0 ? "fast:" : "",
                            block->channels ? "channels" : "rows", fused_block_isa());
  const auto f32 = memory::data_type::f32;
  const auto src_md = kernels::plain_md(shape.src), weights_md = kernels::plain_md(shape.weights);
  const auto dst_md =
      kernels::activation_md(dst, f32, block->args.dst_nchw ? kernels::Layout::nchw : kernels::Layout::nhwc);
  kernel.arguments = {{DNNL_ARG_SRC, src_md}, {DNNL_ARG_WEIGHTS, weights_md}, {DNNL_ARG_DST, dst_md}};
  kernel.is_output = {{DNNL_ARG_SRC, false}, {DNNL_ARG_WEIGHTS, false}, {DNNL_ARG_DST, true}};
  double pooled = 1;
  for (const auto d : dst) pooled *= static_cast<double>(d);
  kernel.cost.flop = kernels::conv_flop(shape) + options.pool.flop * pooled;
  if (block->fast_together != 0) kernel.cost.saved_flop = kernels::conv_flop(shape) - fast_flop_of(*block);
  kernel.cost.min_bytes = static_cast<double>(src_md.get_size() + weights_md.get_size() + dst_md.get_size()) +
                          4.0 * static_cast<double>(shape.dst[1]);
  if (options.bias) {
    kernel.arguments[DNNL_ARG_BIAS] = kernels::plain_md({shape.dst[1]});
    kernel.is_output[DNNL_ARG_BIAS] = false;
  }
  if (const auto floats = block->scratch_floats(); floats != 0) {
    kernel.arguments[DNNL_ARG_SCRATCHPAD] =
        kernels::plain_md({static_cast<memory::dim>(floats) * block->threads});
    kernel.is_output[DNNL_ARG_SCRATCHPAD] = true;
  }
  const auto floats = [](const kernels::Arguments& arguments, int argument) {
    const auto found = arguments.find(argument);
    return found == arguments.end() ? nullptr : static_cast<float*>(found->second.get_data_handle());
  };
  kernel.prepare = [=](const kernels::Arguments& arguments) {
    pack(*block, floats(arguments, DNNL_ARG_WEIGHTS), floats(arguments, DNNL_ARG_BIAS));
  };
  const auto places = [=](const kernels::Arguments& arguments) {
    if (!block->packed) throw std::logic_error(layer + ": its weights were never packed");
    return Places{*block, floats(arguments, DNNL_ARG_SRC), floats(arguments, DNNL_ARG_DST),
                  floats(arguments, DNNL_ARG_SCRATCHPAD)};
  };
  kernel.native = [=](const kernels::Arguments& arguments) { run(*block, places(arguments)); };
  if (block->channels)
    kernel.bring_ahead = [=](const kernels::FirstReads& reads) { block->next_reads = reads; };
  kernel.per_image = [=](const kernels::Arguments& arguments, const kernels::ImagePlace& place) {
    const auto at = places(arguments);
    run_image(*block, at.src_of(place.from), at.dst_of(place.to), 0, block->args.dst_height,
              at.scratch_of(place.thread));
  };
  return kernel;
}

}  // namespace dsx::fused

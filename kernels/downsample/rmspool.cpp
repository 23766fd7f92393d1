// The root of the mean square of windows of 2x2: half way between average and maximum. Its gradient where all
// four are 0 is 0.
//
// As a step of its own it is a kernel of ours: oneDNN has no such pooling, and its square, average and root
// one after the other would write two more images, would have no gradient at 0 (the root's slope is infinite
// there, times 0 is not a number), and would be compared with poolings that are one pass.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>

#include "kernels/downsample/image_rows.hpp"
#include "kernels/downsample/parts.hpp"
#include "kernels/fused/fused_block.hpp"
#include "kernels/onednn/bf16.hpp"
#include "kernels/onednn/primitive.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/downsample/rmspool.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_pool-inl.hpp"

#ifndef DOWNSCALEXR_RMSPOOL_ROWS
#define DOWNSCALEXR_RMSPOOL_ROWS
namespace dsx::downsample {

// Arithmetic on `count` floats in a row.
struct RmsRows {
  void (*squares)(const float* upper, const float* lower, std::size_t count, float* to);
  // Neighbouring columns of `inner` floats each, `count` pairs of them: their root mean square.
  void (*roots)(const float* squares, std::size_t count, std::size_t inner, float* to);
  // A window's part of the gradient, g / (4 y), to both its columns; 0 where y is.
  void (*parts)(const float* y, const float* g, std::size_t count, std::size_t inner, float* to);
  void (*products)(const float* a, const float* b, std::size_t count, float* to);
};

}  // namespace dsx::downsample
#endif

HWY_BEFORE_NAMESPACE();
namespace dsx::downsample::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Row = hn::ScalableTag<float>;
using RowVec = hn::Vec<Row>;

HWY_INLINE RowVec squares_of(RowVec a, RowVec b) { return hn::MulAdd(a, a, hn::Mul(b, b)); }
HWY_INLINE RowVec root_of(RowVec sum) { return hn::Sqrt(hn::Mul(sum, hn::Set(Row(), 0.25F))); }
// The slope of a root mean square y by `x`, 0 where y is.
HWY_INLINE RowVec slope_of(RowVec x, RowVec y) {
  const Row d;
  return hn::IfThenElseZero(hn::Gt(y, hn::Zero(d)), hn::Div(x, hn::Mul(y, hn::Set(d, 4.F))));
}

// to[i] = function(a[i], b[i]); what is left of a vector goes through memory of its own.
template <class Function>
HWY_INLINE void each(const float* a, const float* b, std::size_t count, float* to, const Function& function) {
  const Row d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(function(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, to + i);
  if (i == count) return;
  HWY_ALIGN float rest[3][hn::MaxLanes(Row())] = {};
  std::copy(a + i, a + count, rest[0]);
  std::copy(b + i, b + count, rest[1]);
  hn::Store(function(hn::Load(d, rest[0]), hn::Load(d, rest[1])), d, rest[2]);
  std::copy_n(rest[2], count - i, to + i);
}

void squares(const float* upper, const float* lower, std::size_t count, float* to) {
  each(upper, lower, count, to, [](RowVec a, RowVec b) { return squares_of(a, b); });
}

void roots(const float* squares, std::size_t count, std::size_t inner, float* to) {
  const Row d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t x = 0;
  for (; inner == 1 && x + lanes <= count; x += lanes) {
    RowVec left, right;
    hn::LoadInterleaved2(d, squares + 2 * x, left, right);
    hn::StoreU(hn::Add(left, right), d, to + x);
  }
  for (; x < count; ++x) {
    const float *left = squares + 2 * x * inner, *right = left + inner;
    for (std::size_t c = 0; c < inner; ++c) to[x * inner + c] = left[c] + right[c];
  }
  each(to, to, count * inner, to, [](RowVec sum, RowVec) { return root_of(sum); });
}

void parts(const float* y, const float* g, std::size_t count, std::size_t inner, float* to) {
  // Into the upper half first: spreading from the front never overtakes what it reads.
  float* const part = to + count * inner;
  each(g, y, count * inner, part, [](RowVec a, RowVec b) { return slope_of(a, b); });
  for (std::size_t x = 0; x < count; ++x) {
    for (std::size_t c = 0; c < inner; ++c) {
      const float value = part[x * inner + c];
      to[2 * x * inner + c] = value;
      to[(2 * x + 1) * inner + c] = value;
    }
  }
}

void products(const float* a, const float* b, std::size_t count, float* to) {
  each(a, b, count, to, [](RowVec x, RowVec y) { return hn::Mul(x, y); });
}

RmsRows rows() { return {squares, roots, parts, products}; }

#if DOWNSCALEXR_FIXED_VECTORS
using namespace fused::HWY_NAMESPACE;

struct RootMeanSquare {
  static constexpr int kWindow = 2;
  static constexpr double kFlop = 9;
  static HWY_INLINE V pool_rows(V upper, V lower) { return squares_of(relu(upper), relu(lower)); }
  static HWY_INLINE V pool_columns(V left, V right) { return root_of(hn::Add(left, right)); }

  // The slopes themselves: no bit tells them.
  using Kept = KeptValues;
  static HWY_INLINE Kept keep(const V (&rows)[2][2], V pooled) {
    const ColumnLanes lanes = column_lanes();
    const V left = hn::TableLookupLanes(pooled, lanes.left);
    const V right = hn::TableLookupLanes(pooled, lanes.right);
    return {{{slope_of(relu(rows[0][0]), left), slope_of(relu(rows[0][1]), right)},
             {slope_of(relu(rows[1][0]), left), slope_of(relu(rows[1][1]), right)}}};
  }
  static HWY_INLINE V unpool(V diff_dst) { return diff_dst; }

 private:
  static HWY_INLINE V relu(V v) { return hn::Max(v, hn::Zero(D())); }
};
fused::FusedPool in_convolution() { return fused_pool_of<RootMeanSquare>(); }
#else
fused::FusedPool in_convolution() { return {}; }
#endif

}  // namespace
}  // namespace dsx::downsample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::downsample {
namespace {

using dnnl::memory;

HWY_EXPORT(rows);
HWY_EXPORT(in_convolution);

// What a kernel keeps: its shape, its arithmetic, and two rows' worth of floats thrice for each thread.
struct RmsKernel {
  explicit RmsKernel(const memory::desc& src_md)
      : shape(src_md),
        arithmetic(HWY_DYNAMIC_DISPATCH(rows)()),
        threads(kernels::max_threads()),
        scratch(static_cast<std::size_t>(threads), std::vector<float>(3 * shape.row())) {}

  // function(dst row, scratch), threads sharing the rows out.
  template <typename Function>
  void each_row(const Function& function) {
    const auto count = static_cast<std::int64_t>(shape.dst_rows());
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::int64_t r = 0; r < count; ++r)
      function(static_cast<std::size_t>(r), scratch[static_cast<std::size_t>(omp_get_thread_num())].data());
  }

  ImageRows shape;
  RmsRows arithmetic;
  int threads;
  std::vector<std::vector<float>> scratch;
};

template <typename T>
T* data(const kernels::Arguments& arguments, int argument) {
  return static_cast<T*>(arguments.at(argument).get_data_handle());
}

void forward_f32(RmsKernel& kernel, const float* src, float* dst) {
  const ImageRows& s = kernel.shape;
  kernel.each_row([&](std::size_t r, float* squares) {
    const float* upper = src + s.source_row(r) * s.row();
    kernel.arithmetic.squares(upper, upper + s.row(), 2 * s.dst_row(), squares);
    kernel.arithmetic.roots(squares, s.width / 2, s.inner, dst + r * s.dst_row());
  });
}

void forward_bf16(RmsKernel& kernel, const std::uint16_t* src, std::uint16_t* dst) {
  const ImageRows& s = kernel.shape;
  kernel.each_row([&](std::size_t r, float* squares) {
    float* const wide = squares + s.row();
    const std::uint16_t* from = src + s.source_row(r) * s.row();
    for (std::size_t i = 0; i < 2 * s.row(); ++i)
      wide[i] = std::bit_cast<float>(static_cast<std::uint32_t>(from[i]) << 16);
    kernel.arithmetic.squares(wide, wide + s.row(), 2 * s.dst_row(), squares);
    kernel.arithmetic.roots(squares, s.width / 2, s.inner, wide);
    std::transform(wide, wide + s.dst_row(), dst + r * s.dst_row(), kernels::to_bf16);
  });
}

// The scale of the integers stays: the root of their mean square is in their unit.
void forward_u8(RmsKernel& kernel, const std::uint8_t* src, std::uint8_t* dst) {
  const ImageRows& s = kernel.shape;
  kernel.each_row([&](std::size_t r, float* squares) {
    float* const wide = squares + s.row();
    const std::uint8_t* from = src + s.source_row(r) * s.row();
    std::copy_n(from, 2 * s.row(), wide);
    kernel.arithmetic.squares(wide, wide + s.row(), 2 * s.dst_row(), squares);
    kernel.arithmetic.roots(squares, s.width / 2, s.inner, wide);
    std::transform(wide, wide + s.dst_row(), dst + r * s.dst_row(),
                   [](float root) { return static_cast<std::uint8_t>(std::nearbyint(root)); });
  });
}

void backward(RmsKernel& kernel, const float* src, const float* dst, const float* diff_dst, float* diff_src) {
  const ImageRows& s = kernel.shape;
  const std::size_t used = 2 * s.dst_row();
  kernel.each_row([&](std::size_t r, float* parts) {
    const std::size_t first = s.source_row(r);
    kernel.arithmetic.parts(dst + r * s.dst_row(), diff_dst + r * s.dst_row(), s.width / 2, s.inner, parts);
    for (const std::size_t row : {first, first + 1}) {
      float* const to = diff_src + row * s.row();
      kernel.arithmetic.products(src + row * s.row(), parts, used, to);
      std::fill(to + used, to + s.row(), 0.F);
    }
    if (first % s.height + 3 == s.height) std::fill_n(diff_src + (first + 2) * s.row(), s.row(), 0.F);
  });
}

kernels::Kernel described(std::initializer_list<std::pair<int, memory::desc>> inputs, int output,
                          const memory::desc& output_md, double flop) {
  kernels::Kernel kernel;
  kernel.kind = "rms_pooling";
  // Asked first: it holds Highway to oneDNN's instruction set.
  const auto isa = fused::fused_block_isa();
  kernel.impl = fmt::format("ours:{}", isa.empty() ? "vectors" : isa);
  for (const auto& [argument, md] : inputs) {
    kernel.arguments[argument] = md;
    kernel.is_output[argument] = false;
    kernel.cost.min_bytes += kernels::unpadded_bytes(md);
  }
  kernel.arguments[output] = output_md;
  kernel.is_output[output] = true;
  kernel.cost.min_bytes += kernels::unpadded_bytes(output_md);
  kernel.cost.flop = flop;
  return kernel;
}

double flop(const memory::dims& src) { return 9 * element_count(halved(src)); }

std::vector<DownsampleStage> build(const kernels::Context&, const std::string&, const memory::desc& md,
                                   bool training) {
  const auto dims = md.get_dims();
  const auto type = md.get_data_type(), f32 = memory::data_type::f32;
  const memory::desc src_md(dims, type, ImageRows(md).tag), dst_md(halved(dims), type, ImageRows(md).tag);
  DownsampleStage stage;
  stage.forward = described({{DNNL_ARG_SRC, src_md}}, DNNL_ARG_DST, dst_md, flop(dims));
  auto own = std::make_shared<RmsKernel>(src_md);
  stage.forward.native = [own, type](const kernels::Arguments& arguments) {
    if (type == memory::data_type::f32)
      return forward_f32(*own, data<float>(arguments, DNNL_ARG_SRC), data<float>(arguments, DNNL_ARG_DST));
    if (type == memory::data_type::u8)
      return forward_u8(*own, data<std::uint8_t>(arguments, DNNL_ARG_SRC),
                        data<std::uint8_t>(arguments, DNNL_ARG_DST));
    forward_bf16(*own, data<std::uint16_t>(arguments, DNNL_ARG_SRC),
                 data<std::uint16_t>(arguments, DNNL_ARG_DST));
  };
  if (training && type == f32) {
    stage.backward_data =
        described({{DNNL_ARG_SRC, src_md}, {DNNL_ARG_DST, dst_md}, {DNNL_ARG_DIFF_DST, dst_md}},
                  DNNL_ARG_DIFF_SRC, src_md, 2 * element_count(halved(dims)) + element_count(dims));
    stage.backward_data.native = [own](const kernels::Arguments& arguments) {
      backward(*own, data<float>(arguments, DNNL_ARG_SRC), data<float>(arguments, DNNL_ARG_DST),
               data<float>(arguments, DNNL_ARG_DIFF_DST), data<float>(arguments, DNNL_ARG_DIFF_SRC));
    };
  }
  return {std::move(stage)};
}

double root_mean_square(const Pixel& x, int i, int j, int, int) {
  double sum = 0;
  for (int k = 0; k < 4; ++k) sum += std::pow(x(2 * i + k / 2, 2 * j + k % 2), 2);
  return std::sqrt(sum / 4);
}

void slopes(const Pixel& x, int i, int j, int rows, int columns, const Slope& slope) {
  const double y = root_mean_square(x, i, j, rows, columns);
  for (int k = 0; k < 4; ++k) {
    const int h = 2 * i + k / 2, w = 2 * j + k % 2;
    slope(h, w, y == 0 ? 0 : x(h, w) / (4 * y));
  }
}

std::vector<kernels::OnnxNode> onnx(const memory::dims&) {
  kernels::OnnxNode square{"Mul"}, mean = kernels::onnx_pool("AveragePool", 2, 2), root{"Sqrt"};
  square.inputs = {kernels::kOnnxSource, kernels::kOnnxSource};
  return {square, mean, root};
}

}  // namespace

DownsampleOp rmspool() {
  return {
      .name = "rmspool",
      .description = "2x2 root mean square, stride 2, after the stride-1 convolution",
      .backward_reads = {DNNL_ARG_SRC, DNNL_ARG_DST},
      .build = build,
      .flop = flop,
      .min_bytes = read_and_write,
      .definition = root_mean_square,
      .derivative = slopes,
      .roundings = 4,
      .onnx = onnx,
      .on_u8 = true,
      .fused = [] { return HWY_DYNAMIC_DISPATCH(in_convolution)(); },
  };
}

}  // namespace dsx::downsample
#endif

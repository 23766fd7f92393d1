// The mean of windows of 2x2.
#include "kernels/downsample/parts.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/downsample/avgpool.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_pool-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::downsample::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS
using namespace fused::HWY_NAMESPACE;

struct Average {
  static constexpr int kWindow = 2;
  static constexpr double kFlop = 4;
  static HWY_INLINE V pool_rows(V upper, V lower) {
    const V zero = hn::Zero(D());
    return hn::Add(hn::Max(upper, zero), hn::Max(lower, zero));
  }
  static HWY_INLINE V pool_columns(V left, V right) { return quarter(hn::Add(left, right)); }

  using Kept = KeptBits;
  static HWY_INLINE Kept keep(const V (&rows)[2][2], V) { return kept_where_positive(rows); }
  static HWY_INLINE V unpool(V diff_dst) { return quarter(diff_dst); }

 private:
  static HWY_INLINE V quarter(V v) { return hn::Mul(v, hn::Set(D(), 0.25F)); }
};
fused::FusedPool in_convolution() { return fused_pool_of<Average>(); }
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
using Stages = std::vector<DownsampleStage>;

HWY_EXPORT(in_convolution);

Stages build(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
             bool training) {
  return {pool_stage(context, layer, kernels::PoolKind::avg_exclude_padding,
                     kernels::pool_shape(src_md.get_dims(), 2, 2, 0), src_md, training)};
}

double mean(const Pixel& x, int i, int j, int, int) {
  return (x(2 * i, 2 * j) + x(2 * i, 2 * j + 1) + x(2 * i + 1, 2 * j) + x(2 * i + 1, 2 * j + 1)) / 4;
}

void slopes(const Pixel&, int i, int j, int, int, const Slope& slope) {
  for (int k = 0; k < 4; ++k) slope(2 * i + k / 2, 2 * j + k % 2, 0.25);
}

}  // namespace

DownsampleOp avgpool() {
  return {
      .name = "avgpool",
      .description = "2x2 average, stride 2, after the stride-1 convolution",
      .in_original_study = true,
      .build = build,
      .flop = [](const memory::dims& src) { return 4 * element_count(halved(src)); },
      .min_bytes = read_and_write,
      .definition = mean,
      .derivative = slopes,
      .onnx =
          [](const memory::dims&) {
            return std::vector<kernels::OnnxNode>{kernels::onnx_pool("AveragePool", 2, 2)};
          },
      .on_u8 = true,
      .fused = [] { return HWY_DYNAMIC_DISPATCH(in_convolution)(); },
  };
}

}  // namespace dsx::downsample
#endif

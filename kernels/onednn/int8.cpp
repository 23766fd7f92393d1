#include "kernels/onednn/int8.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::memory;

namespace {

constexpr double kMostU8 = 255;
constexpr int kFullLimit = 127, kLimitWithoutVnni = 64;

// To the nearest integer, ties to even, by the last bits of a float of 2^23: every compiler makes vectors of
// it. Compiled for several instruction sets, of which the loader picks one, but under the thread sanitizer,
// which is not there yet when it does.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void quantize_values(const float* from, std::size_t count, float factor, float offset, std::uint8_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const float value = from[i] * factor + offset;
    const float low = value > 0.F ? value : 0.F;
    const float inside = low < 255.F ? low : 255.F;
    to[i] = static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(inside + 0x1p23F));
  }
}

}  // namespace

U8Scale u8_scale(double least, double most) {
  const double low = std::min(least, 0.0), high = std::max(most, 0.0);
  if (!(high > low)) return {};  // nothing but zeros
  return {static_cast<float>((high - low) / kMostU8), static_cast<float>(0 - low)};
}

ZeroPoint zero_point(U8Scale scale, bool padded) {
  if (!padded) return {0, scale.shift};
  const int steps = static_cast<int>(std::lround(std::clamp(scale.shift / scale.scale, 0.F, 255.F)));
  return {steps, scale.shift - static_cast<float>(steps) * scale.scale};
}

bool has_vnni() { return has_isa(dnnl::cpu_isa::avx512_core_vnni) || has_isa(dnnl::cpu_isa::avx2_vnni); }
int weight_limit() { return has_vnni() ? kFullLimit : kLimitWithoutVnni; }

QuantizedWeights quantize_weights(std::span<const float> weights, std::size_t rows, int limit,
                                  std::optional<float> scale) {
  QuantizedWeights result{std::vector<std::int8_t>(weights.size()), std::vector<float>(rows, 1.F)};
  const std::size_t columns = weights.size() / rows;
  for (std::size_t r = 0; r < rows; ++r) {
    const auto row = weights.subspan(r * columns, columns);
    float most = 0;
    for (const float w : row) most = std::max(most, std::abs(w));
    if (scale) {
      result.scales[r] = *scale;
    } else if (most > 0) {
      result.scales[r] = most / static_cast<float>(limit);
    }
    std::transform(row.begin(), row.end(), result.values.begin() + static_cast<std::ptrdiff_t>(r * columns),
                   [by = result.scales[r], most = static_cast<float>(limit)](float w) {
                     return static_cast<std::int8_t>(std::clamp(std::nearbyint(w / by), -most, most));
                   });
  }
  return result;
}

std::vector<float> QuantizedWeights::bias_for(float rest, std::span<const float> bias) const {
  std::vector<float> result(scales.size());
  const auto columns = static_cast<std::ptrdiff_t>(values.size() / scales.size());
  for (std::size_t r = 0; r < scales.size(); ++r) {
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(r) * columns;
    const double sum = static_cast<double>(scales[r]) *
                       static_cast<double>(std::accumulate(row, row + columns, std::int64_t{0}));
    result[r] = static_cast<float>((bias.empty() ? 0.0 : static_cast<double>(bias[r])) - rest * sum);
  }
  return result;
}

memory::desc with_type(const memory::desc& md, memory::data_type type) {
  if (md.get_inner_nblks() != 0)
    throw UnsupportedError("int8 has no blocked layouts between f32 and u8: use --layout nhwc");
  return {md.get_dims(), type, md.get_strides()};
}

Kernel quantize(const Context&, const memory::desc& src_md, U8Scale to) {
  Kernel kernel;
  kernel.kind = "quantize";
  kernel.impl = "ours:vectors";
  const auto dst_md = with_type(src_md, memory::data_type::u8);
  kernel.arguments = {{DNNL_ARG_SRC, src_md}, {DNNL_ARG_DST, dst_md}};
  kernel.is_output = {{DNNL_ARG_SRC, false}, {DNNL_ARG_DST, true}};
  kernel.cost.min_bytes = unpadded_bytes(src_md) + unpadded_bytes(dst_md);
  const auto convert = [to](const Arguments& arguments, std::size_t from, std::size_t count,
                            std::size_t into) {
    const auto* src = static_cast<const float*>(arguments.at(DNNL_ARG_SRC).get_data_handle());
    auto* dst = static_cast<std::uint8_t*>(arguments.at(DNNL_ARG_DST).get_data_handle());
    quantize_values(src + from, count, 1 / to.scale, to.shift / to.scale, dst + into);
  };
  const std::size_t count = dst_md.get_size();
  kernel.native = [convert, count, threads = max_threads()](const Arguments& arguments) {
#pragma omp parallel num_threads(threads)
    {
      const auto team = static_cast<std::size_t>(omp_get_num_threads());
      const auto mine = static_cast<std::size_t>(omp_get_thread_num());
      const std::size_t first = count * mine / team, last = count * (mine + 1) / team;
      convert(arguments, first, last - first, first);
    }
  };
  kernel.per_image = [convert, image = count / static_cast<std::size_t>(src_md.get_dims()[0])](
                         const Arguments& arguments, const ImagePlace& place) {
    convert(arguments, place.from * image, image, place.to * image);
  };
  return kernel;
}

Kernel dequantize(const Context& context, const memory::desc& src_md, float scale) {
  auto attr = user_scratchpad_attr();
  attr.set_scales_mask(DNNL_ARG_SRC, 0);
  const dnnl::reorder::primitive_desc pd(context.engine, src_md, context.engine,
                                         with_type(src_md, memory::data_type::f32), attr);
  auto kernel = make_kernel<dnnl::reorder>("dequantize", pd, {DNNL_ARG_SRC}, {DNNL_ARG_DST}, 0);
  memory factor(plain_md({1}), context.engine);
  *static_cast<float*>(factor.get_data_handle()) = scale;
  kernel.own[DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC] = factor;
  return kernel;
}

}  // namespace dsx::kernels

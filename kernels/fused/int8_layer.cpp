#include "kernels/fused/int8_layer.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/int8_linear_simd.hpp"

namespace dsx::fused {

std::string int8_isa() {
  const std::string isa = fused_block_isa();  // asked first: it holds Highway to oneDNN's instruction set
  const bool amx = kernels::onednn_info().effective_isa.find("amx") != std::string::npos;
  if (isa.empty() || amx || int8_lanes() == 0) return "";
  if (int8_has_vnni()) return isa + "_VNNI";
  return kernels::has_vnni() ? "" : isa;  // else weights of 8 bits would saturate
}

bool int8_has_vnni() {
  const bool avx512 = int8_lanes() >= 16;
  return kernels::has_isa(avx512 ? dnnl::cpu_isa::avx512_core_vnni : dnnl::cpu_isa::avx2_vnni);
}

void require_int8() {
  if (!int8_isa().empty()) return;
  throw UnsupportedError(fmt::format(
      "int8: the fused engine has no kernels for it on this CPU (oneDNN sees {}); use --engine primitives",
      kernels::onednn_info().effective_isa));
}

Int8Layer int8_layer(std::span<const float> weights, std::size_t rows, std::span<const float> bias,
                     const kernels::Int8Scales& scales) {
  auto made = kernels::quantize_weights(weights, rows, kernels::weight_limit(), scales.weights);
  Int8Layer layer;
  layer.bias = made.bias_for(scales.src.shift, bias);
  for (const float scale : made.scales) layer.factors.push_back(scales.src.scale * scale);
  layer.weights = std::move(made.values);
  return layer;
}

std::uint8_t nearest_u8(float value, float inverse) {
  const float scaled = value * inverse, low = scaled > 0.F ? scaled : 0.F, inside = low < 255.F ? low : 255.F;
  return static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(inside + 0x1p23F));
}

}  // namespace dsx::fused

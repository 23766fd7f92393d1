// Real values as 8-bit integers: activations u8 with one scale for a tensor, weights s8 with one for each
// output channel, sums s32 (post-training quantization: Jacob et al. 2018; Krishnamoorthi 2018).
//
// A CPU without VNNI adds pairs of products u8 * s8 in 16 bits (vpmaddubsw), which saturate: 2 * 255 * 127 is
// above 32767. There weights keep to 7 bits: 2 * 255 * 64 = 32640.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// How u8 means reals: x = scale * q - shift, q = round((x + shift) / scale), ties to even, within [0, 255].
struct U8Scale {
  float scale = 1;
  float shift = 0;  // minus the least value; 0 behind a ReLU
};
// Covers [least, most] and 0.
U8Scale u8_scale(double least, double most);

// A shift in whole steps, and what they leave. A zero point is needed where an operator pads with real zeros;
// elsewhere everything is left, to go into the bias.
struct ZeroPoint {
  int steps = 0;
  float rest = 0;
};
ZeroPoint zero_point(U8Scale scale, bool padded);

// Of u8 * s8 with oneDNN on this CPU.
bool has_vnni();
int weight_limit();  // the largest weight's integer: 127, without VNNI 64

struct QuantizedWeights {
  std::vector<std::int8_t> values;
  std::vector<float> scales;  // w = scale * q; one for each row
  // The bias, with what a shift takes from every sum: sum(w * (x + rest)) - rest * sum(w). `bias` may be
  // empty.
  std::vector<float> bias_for(float rest, std::span<const float> bias) const;
};
// `rows` output channels, in plain order. `scale`: for all rows; without it each row's largest value becomes
// `limit`.
QuantizedWeights quantize_weights(std::span<const float> weights, std::size_t rows, int limit,
                                  std::optional<float> scale = std::nullopt);

// SRC, f32 in any layout without blocks -> DST, u8 in the same one. NaN becomes 0.
Kernel quantize(const Context& context, const dnnl::memory::desc& src_md, U8Scale to);
// SRC, u8 without a shift -> DST, f32.
Kernel dequantize(const Context& context, const dnnl::memory::desc& src_md, float scale);

// The same values' descriptor in another type; UnsupportedError for layouts with blocks.
dnnl::memory::desc with_type(const dnnl::memory::desc& md, dnnl::memory::data_type type);

}  // namespace dsx::kernels

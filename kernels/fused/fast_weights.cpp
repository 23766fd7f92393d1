#include "kernels/fused/fast_weights.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/fused/fast_filter.hpp"

namespace dsx::fused {

namespace {

template <int kStride>
std::vector<float> packed_weights(const FusedBlockArgs& args, int block, const float* weights) {
  using Parts = FastParts<kStride>;
  const int channels = args.in_channels;
  std::vector<float> packed(static_cast<std::size_t>(args.out_channels) * Parts::first_plane(Parts::kSums) *
                            kFastKernel * channels);
  // Product `i` of part `part`, for output channel o, input channel c and kernel row h.
  const auto place = [&](int part, int i, int o, int c, int h) -> float& {
    const int sum = part + i, planes = Parts::first_plane(sum + 1) - Parts::first_plane(sum);
    const auto rows =
        static_cast<std::size_t>(o / block * Parts::first_plane(Parts::kSums) + Parts::first_plane(sum)) *
        kFastKernel * channels;
    const auto row = static_cast<std::size_t>((h * planes + (planes > 1 ? part : 0)) * channels + c);
    return packed[(rows + row) * block + o % block];
  };
  const auto add_part = [&](int part, const auto& of, int o, int c, int h, const float* row) {
    for (std::size_t i = 0; i < of.filter.filter.size(); ++i) {
      double product = 0;
      for (std::size_t k = 0; k < of.filter.filter[i].size(); ++k)
        product += of.filter.filter[i][k] * row[static_cast<std::size_t>(of.offset) + kStride * k];
      place(part, static_cast<int>(i), o, c, h) = static_cast<float>(product);
    }
  };
  for (int o = 0; o < args.out_channels; ++o)
    for (int c = 0; c < channels; ++c)
      for (int h = 0; h < kFastKernel; ++h, weights += kFastKernel) {
        add_part(0, Parts::first, o, c, h, weights);
        if constexpr (kStride == 2) add_part(1, Parts::second, o, c, h, weights);
      }
  return packed;
}

// Operations of a row of a matrix: a multiplication for each entry that is neither 0 nor 1, and the
// additions.
template <class Row, class Chosen>
double row_flop(const Row& row, const Chosen& chosen) {
  double flop = 0, terms = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (row[j] == 0 || !chosen(j)) continue;
    flop += std::abs(row[j]) == 1 ? 0 : 1;
    ++terms;
  }
  return flop + std::max(0.0, terms - 1);
}

// B or G as transform_points() does it: pairs of rows share their two halves.
template <class Rows>
double points_flop(const Rows& rows) {
  const std::size_t last = rows.size() - 1, first_pair = last % 2;
  const auto all = [](std::size_t) { return true; };
  double flop = row_flop(rows[last], all);
  if (first_pair == 1) flop += row_flop(rows[0], all);
  for (std::size_t i = first_pair; i < last; i += 2)
    flop += row_flop(rows[i], all) + 1;  // one addition less, then two
  return flop;
}

// A as transform_sums() does it, for a tile of one output channel.
template <int kTaps>
double sums_flop(const FastFilter<kTaps>& f) {
  using Filter = FastFilter<kTaps>;
  double flop = 2.0 * ((Filter::kProducts - 1) / 2);
  for (const auto& row : f.output)
    flop += row_flop(row, [](std::size_t i) {
      return i < Filter::kFirstPair || i == Filter::kLast || (i - Filter::kFirstPair) % 2 == 0;
    });
  return flop;
}

template <int kStride>
double image_flop(const FusedBlockArgs& args, int conv_height) {
  using Parts = FastParts<kStride>;
  const double tiles = (args.conv_width + kFastOutputs - 1) / kFastOutputs, channels = args.in_channels;
  double transform = points_flop(Parts::first.filter.source);
  if constexpr (kStride == 2) transform += points_flop(Parts::second.filter.source);
  const double source_rows = (conv_height - 1) * kStride + kFastKernel;
  const double products = 2.0 * Parts::first_plane(Parts::kSums) * channels * kFastKernel;
  return tiles * (source_rows * channels * transform +
                  conv_height * args.out_channels * (products + sums_flop(Parts::first.filter)));
}

}  // namespace

std::vector<float> pack_fast_weights(const FusedBlockArgs& args, int block, const float* weights) {
  const std::size_t count =
      static_cast<std::size_t>(args.out_channels) * args.in_channels * kFastKernel * kFastKernel;
  const bool fits = std::all_of(weights, weights + count, [](float w) { return std::abs(w) <= kFastLimit; });
  if (!fits) return {};
  return args.stride == 2 ? packed_weights<2>(args, block, weights) : packed_weights<1>(args, block, weights);
}

bool takes_fast(kernels::Algorithm algorithm, double fast, double direct) {
  constexpr double kWorthwhile = 0.75;
  if (algorithm == kernels::Algorithm::automatic) return fast <= kWorthwhile * direct;
  return algorithm == kernels::Algorithm::fast;
}

FastTrainFlop fast_train_flop(const TrainBlockShape& s) {
  using Parts = FastParts<1>;
  constexpr int kOthers = kFastKernel - 1;
  const auto tiles = [](int columns) {
    return static_cast<double>((columns + kFastOutputs - 1) / kFastOutputs);
  };
  const double in = s.in_channels, out = s.out_channels, source = points_flop(Parts::first.filter.source),
               sums = sums_flop(Parts::first.filter), products = 2.0 * Parts::kSums * kFastKernel;
  const double rows = s.conv_height;
  return {tiles(s.conv_width) * ((rows + kOthers) * in * source + rows * out * (products * in + sums)),
          tiles(s.conv_width) * ((rows + kOthers) * in * source +
                                 rows * out * (points_flop(kWeightFilter.filter) + products * in)),
          tiles(s.width) * ((rows + 2 * kOthers) * out * source + s.height * in * (products * out + sums))};
}

double fast_flop(const FusedBlockArgs& args, int conv_height) {
  return args.stride == 2 ? image_flop<2>(args, conv_height) : image_flop<1>(args, conv_height);
}

}  // namespace dsx::fused

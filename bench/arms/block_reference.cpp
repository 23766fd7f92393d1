#include "bench/arms/block_reference.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "bench/arms/chain.hpp"

namespace dsx::bench {

using dnnl::memory;

namespace {

// To the nearest bf16, ties to even: where a network stores an activation, the operator after it reads that.
double stored(double value, memory::data_type type) {
  const auto as_float = static_cast<float>(value);
  if (type != memory::data_type::bf16) return value;
  auto bits = std::bit_cast<std::uint32_t>(as_float);
  bits += 0x7fffU + (bits >> 16 & 1U);
  return std::bit_cast<float>(bits & 0xffff0000U);
}

void accumulate(SparseValues& values, std::size_t index, double value, double uncertainty) {
  auto& entry = values[index];
  entry.value += value;
  entry.magnitude += std::abs(value) + std::abs(uncertainty);
}

}  // namespace

double rounding_of(memory::data_type type) { return type == memory::data_type::bf16 ? 0x1p-8 : 0x1p-22; }

BlockReference::BlockReference(const BlockSpec& spec, const kernels::ConvShape& conv,
                               std::vector<float> source, std::vector<float> weights, std::vector<float> bias)
    : spec_(spec),
      conv_(conv),
      relu_(spec.has_relu()),
      rows_(static_cast<int>(conv.dst[2])),
      columns_(static_cast<int>(conv.dst[3])),
      channels_(static_cast<int>(conv.dst[1])),
      definition_(definition_of(spec.unit == Unit::conv ? kNoOperator : spec.op, spec.geometry)),
      source_(std::move(source)),
      weights_(std::move(weights)),
      bias_(std::move(bias)) {}

std::vector<Place> BlockReference::places(const memory::dims& dst, int count) const {
  const auto batch = static_cast<int>(dst[0]), channels = static_cast<int>(dst[1]);
  const auto rows = static_cast<int>(dst[2]), columns = static_cast<int>(dst[3]);
  std::vector<Place> places{
      {0, 0, 0, 0}, {batch - 1, channels - 1, rows - 1, columns - 1}, {0, channels - 1, 0, columns - 1}};
  std::set<std::size_t> taken;
  const auto flat = [&](const Place& p) {
    return ((static_cast<std::size_t>(p.n) * channels + p.c) * rows + p.i) * columns + p.j;
  };
  std::vector<Place> distinct;
  for (int k = 0; k < count; ++k) {
    // Strides that are coprime to most sizes walk through rows, columns and channels without a pattern.
    places.push_back({k % batch, k * 5 % channels, k * 7919 % rows, k * 104729 % columns});
  }
  for (const auto& place : places) {
    if (taken.insert(flat(place)).second) distinct.push_back(place);
  }
  return distinct;
}

// Calls visit(source index, weight index) for each product of the convolution's output at (row, column).
template <typename Visit>
void BlockReference::visit_taps(int n, int c, int row, int column, const Visit& visit) const {
  const auto last = conv_.weights.size() - 1;
  const auto taps = static_cast<int>(conv_.weights[last]);
  const int inputs = conv_.depthwise() ? 1 : static_cast<int>(conv_.src[1]);
  const auto height = static_cast<int>(conv_.src[2]), width = static_cast<int>(conv_.src[3]);
  for (int ic = 0; ic < inputs; ++ic) {
    const int channel = conv_.depthwise() ? c : ic;
    for (int a = 0; a < taps; ++a) {
      for (int b = 0; b < taps; ++b) {
        const int h = row * conv_.stride - conv_.padding_l + a,
                  w = column * conv_.stride - conv_.padding_l + b;
        if (h < 0 || h >= height || w < 0 || w >= width) continue;
        visit(((static_cast<std::size_t>(n) * conv_.src[1] + channel) * height + h) * width + w,
              ((static_cast<std::size_t>(c) * inputs + ic) * taps + a) * taps + b);
      }
    }
  }
}

Expected BlockReference::pixel(int n, int c, int row, int column) const {
  Expected result;
  if (spec_.unit == Unit::op) {
    result.value = source_[((static_cast<std::size_t>(n) * channels_ + c) * rows_ + row) * columns_ + column];
    result.magnitude = std::abs(result.value);
    return result;
  }
  result.value = bias_.empty() ? 0 : bias_[c];
  result.magnitude = std::abs(result.value);
  visit_taps(n, c, row, column, [&](std::size_t x, std::size_t w) {
    const double product = static_cast<double>(source_[x]) * weights_[w];
    result.value += product;
    result.magnitude += std::abs(product);
  });
  if (relu_) result.value = std::max(result.value, 0.0);
  if (spec_.unit == Unit::block) result.value = stored(result.value, spec_.dtype);
  return result;
}

Expected BlockReference::output(const Place& place) const {
  Expected result;
  result.value = definition_(
      [&](int row, int column) {
        const auto x = pixel(place.n, place.c, row, column);
        result.magnitude = std::max(result.magnitude, x.magnitude);
        return x.value;
      },
      place.i, place.j, rows_, columns_);
  return result;
}

// Difference quotients to the left and to the right agree except at a kink, and but for their curvature where
// an operator is not piecewise linear.
std::vector<BlockReference::Contribution> BlockReference::slopes(const Place& place, bool& smooth) const {
  constexpr double kStep = 1e-6;
  constexpr double kRounding = 1e-8;  // of the quotients' difference, and more
  std::map<std::pair<int, int>, double> read;
  const auto evaluate = [&](std::pair<int, int> moved, double by) {
    return definition_(
        [&](int row, int column) {
          const std::pair<int, int> at{row, column};
          const auto found = read.find(at);
          const double x = found != read.end()
                               ? found->second
                               : read.emplace(at, pixel(place.n, place.c, row, column).value).first->second;
          return at == moved ? x + by : x;
        },
        place.i, place.j, rows_, columns_);
  };
  const double here = evaluate({-1, -1}, 0);
  std::vector<Contribution> result;
  smooth = true;
  const auto pixels = read;
  for (const auto& [at, value] : pixels) {
    // Where the ReLU gave 0 its gradient is 0, as kernels/onednn/relu.hpp defines it, whatever the operator's
    // slope.
    if (relu_ && value <= 0) continue;
    const double right = (evaluate(at, kStep) - here) / kStep, left = (here - evaluate(at, -kStep)) / kStep;
    if (std::abs(right - left) > 1e-4) smooth = false;
    const double slope = (right + left) / 2;
    const double bend = std::abs(right - left);
    const double uncertainty =
        bend < kRounding ? 0 : bend / kStep * pixel(place.n, place.c, at.first, at.second).magnitude;
    if (slope != 0) result.push_back({at.first, at.second, slope, uncertainty});
  }
  return result;
}

bool BlockReference::is_smooth(const Place& place) const {
  bool smooth = true;
  slopes(place, smooth);
  return smooth;
}

void BlockReference::add_gradient(const Place& place, double diff) {
  bool smooth = true;
  for (const auto& at : slopes(place, smooth)) {
    const double gradient = diff * at.slope, uncertain = diff * at.uncertainty;
    if (spec_.unit == Unit::op) {
      accumulate(
          diff_source_,
          ((static_cast<std::size_t>(place.n) * channels_ + place.c) * rows_ + at.row) * columns_ + at.column,
          gradient, uncertain);
      continue;
    }
    accumulate(diff_bias_, static_cast<std::size_t>(place.c), gradient, uncertain);
    visit_taps(place.n, place.c, at.row, at.column, [&](std::size_t x, std::size_t w) {
      accumulate(diff_source_, x, gradient * weights_[w], uncertain * weights_[w]);
      accumulate(diff_weights_, w, gradient * source_[x], uncertain * source_[x]);
    });
  }
}

}  // namespace dsx::bench

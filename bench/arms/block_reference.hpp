// What a block must compute: definition of convolution, ReLU and operator in double, at chosen output places.
// Backward is checked with a gradient that is zero except at those places: then the whole gradient of source
// and weights follows exactly, in a time that does not grow with the batch.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "bench/arms/block.hpp"
#include "bench/arms/definitions.hpp"

namespace dsx::bench {

struct Place {
  int n = 0, c = 0, i = 0, j = 0;
};

// A value with the sum of the absolute values that it was added up from: errors are measured against that.
struct Expected {
  double value = 0, magnitude = 0;
};

// By flat index in plain order; what is not listed is zero.
using SparseValues = std::map<std::size_t, Expected>;

class BlockReference {
 public:
  // Plain-order values of the block's source (unit op: the operator's), weights and bias.
  BlockReference(const BlockSpec& spec, const kernels::ConvShape& conv, std::vector<float> source,
                 std::vector<float> weights, std::vector<float> bias);

  // `count` places spread over images, channels, rows and columns, corners included.
  std::vector<Place> places(const dnnl::memory::dims& dst, int count) const;
  Expected output(const Place& place) const;
  // False at a tie of a maximum or a kink of the ReLU: no gradient is defined there.
  bool is_smooth(const Place& place) const;

  // Adds what a gradient `diff` at `place` gives to the source, weights and bias.
  void add_gradient(const Place& place, double diff);
  const SparseValues& diff_source() const { return diff_source_; }
  const SparseValues& diff_weights() const { return diff_weights_; }
  const SparseValues& diff_bias() const { return diff_bias_; }

 private:
  struct Contribution {
    int row, column;
    double slope;
    double uncertainty;  // how far the slope moves when the pixel is rounded, as a multiple of the rounding
  };
  Expected pixel(int n, int c, int row, int column) const;  // what the operator reads
  std::vector<Contribution> slopes(const Place& place, bool& smooth) const;
  template <typename Visit>
  void visit_taps(int n, int c, int row, int column, const Visit& visit) const;

  BlockSpec spec_;
  kernels::ConvShape conv_;
  bool relu_;
  int rows_, columns_, channels_;  // of the image that the operator reads
  Definition definition_;
  std::vector<float> source_, weights_, bias_;
  SparseValues diff_source_, diff_weights_, diff_bias_;
};

// Relative rounding error of one stored value: f32 sums in another order, or bf16's 8 bits.
double rounding_of(dnnl::memory::data_type type);

}  // namespace dsx::bench

// Compares a built block with its reference, value by value where that is affordable.
#include "bench/arms/block_check.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dsx::bench {

using dnnl::memory;

namespace {

constexpr int kCheckedPlaces = 192;

class Checker {
 public:
  Checker(Chain& chain, const BlockSpec& spec, BlockReference& reference, const BlockMemories& memories)
      : chain_(chain), spec_(spec), reference_(reference), memories_(memories) {}

  void forward() {
    fill_with_nan(memories_.destination);
    chain_.run();
    const auto values = read_plain(chain_.context(), memories_.destination);
    const auto dims = memories_.destination.get_desc().get_dims();
    for (const auto& place : reference_.places(dims, kCheckedPlaces)) {
      const auto at =
          ((static_cast<std::size_t>(place.n) * dims[1] + place.c) * dims[2] + place.i) * dims[3] + place.j;
      compare(values[at] * memories_.scale, reference_.output(place), at, "destination");
    }
  }

  void backward() {
    const auto dims = memories_.destination.get_desc().get_dims();
    std::vector<float> diff(element_count(dims), 0.0F);
    for (const auto& place : reference_.places(dims, kCheckedPlaces)) {
      if (!reference_.is_smooth(place)) continue;
      const auto at =
          ((static_cast<std::size_t>(place.n) * dims[1] + place.c) * dims[2] + place.i) * dims[3] + place.j;
      diff[at] = pattern_value(at, 4);
      reference_.add_gradient(place, diff[at]);
    }
    write_plain(chain_.context(), diff, memories_.diff_dst);
    fill_with_nan(memories_.result);
    if (memories_.diff_bias) fill_with_nan(memories_.diff_bias);
    chain_.run();
    if (spec_.direction == Direction::backward_data) {
      compare_all(memories_.result, reference_.diff_source(), "gradient of the source");
    } else {
      compare_all(memories_.result, reference_.diff_weights(), "gradient of the weights");
      compare_all(memories_.diff_bias, reference_.diff_bias(), "gradient of the bias");
    }
  }

 private:
  void compare_all(const memory& computed, const SparseValues& expected, const std::string& what) const {
    const auto values = read_plain(chain_.context(), computed);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto found = expected.find(i);
      compare(values[i], found == expected.end() ? Expected{} : found->second, i, what);
    }
  }

  // An int8 block rounds what its convolution writes and what the operator does.
  double tolerance_of(const Expected& expected) const {
    constexpr double kTwoRoundings = 1.05;  // of half a step
    if (spec_.dtype == memory::data_type::u8) return kTwoRoundings * memories_.scale;
    return 4 * rounding_of(spec_.dtype) * (expected.magnitude + std::abs(expected.value));
  }

  void compare(double computed, const Expected& expected, std::size_t at, const std::string& what) const {
    const double tolerance = tolerance_of(expected);
    if (std::abs(computed - expected.value) <= tolerance) return;  // false for NaN
    throw WrongResult(fmt::format("{} {}, {}, {}, {}: the {} at {} is {}, the definition gives {}: not timed",
                                  spec_.geometry.name, spec_.op, to_string(spec_.unit),
                                  kernels::to_string(spec_.layout), to_string(spec_.direction), what, at,
                                  computed, expected.value));
  }

  Chain& chain_;
  const BlockSpec& spec_;
  BlockReference& reference_;
  const BlockMemories& memories_;
};

}  // namespace

void check_block(Chain& chain, const BlockSpec& spec, BlockReference& reference,
                 const BlockMemories& memories) {
  Checker checker(chain, spec, reference, memories);
  if (!spec.backward()) return checker.forward();
  checker.backward();
  // What is timed has a gradient everywhere.
  auto dense = pattern(element_count(memories.destination.get_desc().get_dims()), 5);
  write_plain(chain.context(), dense, memories.diff_dst);
  chain.run();
}

}  // namespace dsx::bench

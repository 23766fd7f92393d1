// The way from average to maximum in steps: the power mean of windows of 2x2,
//   y = (mean of |x|^p)^(1/p),   p = 1: average, 2: root mean square, infinity: maximum (of |x|),
// which grows with p (Hardy, Littlewood & Polya 1934, theorem 16). Behind a ReLU no x is negative, so that
// |x| is x. For inference only: a network trained with any operator is run with these to see how its output
// moves with p. They are not in downsample_table(), so that nobody trains, times or exports them.
#pragma once

#include <string>
#include <vector>

#include "kernels/downsample/downsample.hpp"

namespace dsx::downsample {

struct PowerMean {
  std::string power;       // "1", "4", "inf"
  double p = 1;            // infinity for the maximum
  const DownsampleOp* op;  // the table's for 1, 2 and infinity
};
// In the order of p. Lives as long as the program.
const std::vector<PowerMean>& power_means();

}  // namespace dsx::downsample

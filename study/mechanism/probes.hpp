// What an operator does to noise, to a bright or dark spot, and to a shift: figures of single operators,
// without any network.
#pragma once

#include <string>
#include <vector>

#include "kernels/downsample/downsample.hpp"
#include "study/mechanism/plane.hpp"

namespace dsx::mechanism {

struct SignalFigure {
  std::string probe, metric;
  double value = 0;
  double se = 0;  // standard error where random numbers are drawn (always the same ones); 0: exact
};

// Independent normal noise of standard deviation 1, far above 0 ("noise on a level": ReLU does nothing) and
// around 0 behind ReLU ("rectified noise").
//   variance_ratio  variance of the output over that of the input
//   mean_shift      mean of the output minus mean of the input, in the noise's standard deviations
std::vector<SignalFigure> noise_figures(const downsample::DownsampleOp& op);

// A square of k x k pixels that is 1 on 0 ("bright spot, 1 px") or 0 on 1 ("dark spot, 1 px"), at each of its
// four places relative to the windows.
//   peak, peak_low, peak_high  greatest difference from the background in the output: mean, least, most
//   mass                       sum of the differences, times 4 for the fewer pixels, over the input's
std::vector<SignalFigure> spot_figures(const downsample::DownsampleOp& op);

// Random images whose energy falls as 1 / f^2, behind ReLU, moved by one pixel. The output should move by
// half an output pixel: what differs from that, as a share of the output's variance. 0 where nothing aliases.
//   error
// `field`: one period of an image that repeats in both directions, square, an even number of pixels.
double shift_error(const downsample::DownsampleOp& op, const Plane& field);
std::vector<SignalFigure> shift_figures(const downsample::DownsampleOp& op);

}  // namespace dsx::mechanism

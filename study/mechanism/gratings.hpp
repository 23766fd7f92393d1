// How much of a grating of each frequency an operator lets through, and where it goes. Sampling every second
// pixel, an operator can show frequencies up to 1/4 cycle per pixel; what it lets through above that appears
// at a false, lower frequency (aliasing).
#pragma once

#include <string>
#include <vector>

#include "kernels/downsample/downsample.hpp"

namespace dsx::mechanism {

// What the operator is given, z = cos(2 pi f x + phase):
//   level      1 + z: above 0 everywhere, so that ReLU does nothing and the operator alone is seen
//   rectified  max(z, 0): what ReLU leaves of a grating around 0
enum class Grating { level, rectified };
enum class Direction { horizontal, diagonal };  // z depends on the column; on row + column
std::string to_string(Grating grating);
std::string to_string(Direction direction);

inline constexpr int kPeriod = 64;  // pixels: frequencies are k / 64
inline constexpr int kPhases = 16;  // of each frequency, evenly over a period

// One frequency, over phases. Amplitudes are of the Fourier component of the grating's own frequency: in the
// output at twice the frequency per output pixel, folded where that is above 1/2.
struct GratingResponse {
  double frequency = 0;                // cycles per input pixel, in (0, 1/2)
  double gain = 0, low = 0, high = 0;  // output amplitude over input amplitude: mean, least, most over phases
  double mean_ratio = 0;               // mean of the output over mean of the input
  double variance = 0;                 // of the output over pixels, mean over phases
  double elsewhere = 0;                // share of it that lies at other frequencies than the grating's
};

// k / 64 for k = 1 .. 31 without 16, where the output's amplitude depends on the phase alone.
std::vector<GratingResponse> grating_responses(const downsample::DownsampleOp& op, Grating grating,
                                               Direction direction);

// Of the variance of the outputs over gratings of all frequencies, the share that comes from those above 1/4.
// `falling`: energy weighted by 1 / f^2, as natural images have it; else all frequencies alike.
double aliased_share(const std::vector<GratingResponse>& responses, bool falling);

}  // namespace dsx::mechanism

// Where an int8 network's scales come from: images that it runs over in f32 (net/calibration.hpp).
#pragma once

#include <string>

#include "net/network.hpp"
#include "study/run/opened_run.hpp"

namespace dsx::run {

constexpr int kCalibrationImages = 128;

// Takes the scales in RUN/best.int8.json where they are of these very weights, else calibrates on so many
// train images of the run's data (all, where there are fewer), drawn by the run's seed, prepared as in
// evaluation. The images themselves lose nothing: pixels are the integers. Returns a line for people. Throws
// DataError where the data is not there.
std::string quantize_run(OpenedRun& run);
// The same, and writes that file where it is not there yet. Throws OutputError.
std::string quantize_and_store(OpenedRun& run);

// Calibrates a network that is only timed, on the images of one batch, laid out as its plans want them.
void quantize_on(net::Network& network, int batch, float* images);

// For a plan that is only looked at: every scale is 1.
void quantize_with_any_scale(net::Network& network);

bool is_int8(const net::Network& network);

}  // namespace dsx::run

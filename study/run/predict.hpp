// What a run's network says of images that are no part of a data set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/cli/progress.hpp"
#include "study/run/opened_run.hpp"

namespace dsx::run {

struct ImagePrediction {
  std::filesystem::path path;
  double logit = 0, probability = 0;
  double load_ns = 0;     // read, decode, resize, prepare; on one thread
  double network_ns = 0;  // its share of its batch's forward pass
  std::string note;       // what was done to the image that training images did not need; empty for most
  std::string problem;    // why there is no prediction; empty when there is one
};

struct FoundImages {
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> left_out;  // lines for people
};
// The files and, for folders, all images below them in the order of their names: those that training would
// take (data/sources/scan.hpp). Throws DataError for a path that does not exist, and for a folder without
// images.
FoundImages find_images(const std::vector<std::string>& places);

// One entry per path, in order. Images are loaded by all threads, batch by batch, and the network sees them
// in batches of up to run.settings.batch.
std::vector<ImagePrediction> predict_images(OpenedRun& run, const std::vector<std::filesystem::path>& paths,
                                            cli::ProgressBar& progress);

}  // namespace dsx::run

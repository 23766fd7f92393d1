// How long cells take: from finished cells of the same variant, else from a few training steps on random
// images.
#pragma once

#include <map>
#include <string>

#include "study/settings/settings.hpp"

namespace dsx::sweep {

// Seconds per training image, by a handful of training steps with `threads` threads (about a second), in a
// process of its own: OpenMP's threads, oneDNN's memory and a crash all end with it. 0 when it cannot be
// told; whatever stands in the way is the cells' to report.
double probe_seconds_per_image(const settings::Settings& settings, int threads);

class Estimator {
 public:
  // A finished cell: training time over its image-epochs.
  void add_measured(const std::string& variant, double training_s, double image_epochs);
  void add_probed(const std::string& variant, double seconds_per_image);
  // Seconds of a process beyond its training (opening the data, the last evaluation).
  void add_overhead(double seconds);
  bool knows(const std::string& variant) const;
  // Of a whole cell with `images` training images.
  double seconds(const std::string& variant, double images, int epochs) const;

 private:
  struct Sums {
    double seconds = 0, image_epochs = 0;
  };
  std::map<std::string, Sums> measured_;
  std::map<std::string, double> probed_;
  double overhead_s_ = 0;
  int overheads_ = 0;
};

}  // namespace dsx::sweep

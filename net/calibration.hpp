// Calibration of an int8 network: its f32 plan runs over images, and each layer's result gets the scale that
// covers all values seen, from the least to the largest.
#pragma once

#include <map>
#include <string>

#include "net/graph/quantization.hpp"
#include "net/network.hpp"

namespace dsx::net {

class Calibration {
 public:
  Calibration(Network& network, int batch);

  // In f32; the caller's to be given images (Plan::set_src).
  Plan& plan() { return plan_; }
  // Takes in what the plan makes of its images.
  void observe();
  Quantization result() const;

 private:
  struct Range {
    double least = 0, most = 0;  // 0 is always inside: zeros are exact
  };
  static Range range_of(const dnnl::memory& values);

  dnnl::stream stream_;
  Plan plan_;
  std::map<std::string, Range> ranges_;
};

}  // namespace dsx::net

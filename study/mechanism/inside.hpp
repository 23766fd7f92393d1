// A trained network taken apart at its downsampling: the activations before and after each Downsample, and
// how the logit is made of what the last one gives. The parts are networks of their own with the same
// weights, run by oneDNN's primitives whatever the engine.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "study/mechanism/activation_map.hpp"

namespace dsx::mechanism {

// One Downsample and one image. Before: behind convolution and ReLU with the stride that the network file
// gives; an operator that works through the convolution then takes every second pixel of it.
struct AroundDownsample {
  MapFigures before, after;
  MapFigures every_second;  // pixel of `before`: what a map is on the smaller grid when nothing smooths it
};

// The layers behind the last Downsample are linear between the kinks of their ReLUs, so that, exactly,
// logit = sum of a_i * d logit / d a_i over the activations a_i that they read + what biases bring.
struct LogitParts {
  double logit = 0;
  double positive = 0, negative = 0;  // sums of the terms above and below 0
  double bias = 0;                    // the rest
  double border = 0;  // share of the terms' absolute values in the outer twentieth of the map; NaN: all are 0
};

struct InsideImage {
  std::vector<AroundDownsample> layers;
  LogitParts parts;
};

class Inside {
 public:
  // `batch` images at once. The network's weights are copied. Throws ConfigError when a part cannot stand
  // alone (a Downsample without a convolution before it, an operator between).
  Inside(const net::Network& network, int batch);
  ~Inside();
  Inside(Inside&&) noexcept;

  const std::vector<std::string>& layers() const;  // names of the Downsample layers
  const std::string& no_parts() const;             // why there are no LogitParts; empty when there are
  int batch() const;
  // `chw`: up to batch() images, preprocessed, C, H, W each.
  std::vector<InsideImage> run(std::span<const float> chw);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dsx::mechanism

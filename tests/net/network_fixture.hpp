// What the network tests share: aligned images, and a network with a training plan over given data.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/print_layout.hpp"

namespace dsx {

using reference::operator_names;

struct Images {
  explicit Images(const std::vector<float>& values)
      : data(static_cast<float*>(std::aligned_alloc(64, (values.size() * sizeof(float) + 63) / 64 * 64)),
             std::free) {
    std::copy(values.begin(), values.end(), data.get());
  }
  std::unique_ptr<float, void (*)(void*)> data;
};

inline nlohmann::json read_fixture(const std::string& name) {
  std::ifstream file(std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/fixtures/" + name);
  return nlohmann::json::parse(file);
}

// A small LeNet: same layers, 28 x 28; with 120 features fc1 is large enough for kernels of ours.
inline net::NetworkSpec small_lenet(int fc1_features = 12) {
  return net::parse_network_spec(R"(
name: small
layers:
  - Conv2d: {name: conv1, out_channels: 6, kernel_size: 5}
  - ReLU
  - Downsample: {name: pool1}
  - Conv2d: {name: conv2, out_channels: 16, kernel_size: 5}
  - ReLU
  - Downsample: {name: pool2}
  - Flatten
  - Linear: {name: fc1, out_features: )" +
                                     std::to_string(fc1_features) +
                                     R"(}
  - ReLU
  - Linear: {name: fc2, out_features: 1}
)",
                                 "small");
}

}  // namespace dsx

// A whole network on one image, naively and in double, from its list of layers: what whole-network arms are
// checked against. Inference only (BatchNorm2d uses its running statistics); gradients come from differences
// of the loss.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/arms/definitions.hpp"
#include "net/network.hpp"

namespace dsx::bench {

class NetworkReference {
 public:
  explicit NetworkReference(const net::Network& network);  // copies the parameters

  // `image`: C, H, W.
  double logit(std::span<const float> image) const;

  // Mean binary cross-entropy over `images`, with parameter `name`'s value `index` (PyTorch's order) moved by
  // `delta`.
  double loss(const std::vector<std::span<const float>>& images, std::span<const float> labels,
              const std::string& name, std::size_t index, double delta);

 private:
  struct Image {
    int channels = 0, rows = 0, columns = 0;
    std::vector<double> values;
  };
  struct Values {
    std::string name;
    std::vector<double> values;
  };
  const std::vector<double>& parameter(const std::string& name) const;
  Image apply(std::size_t layer, const Image& x) const;
  Image conv(const net::LayerSpec& layer, const Image& x, int stride_factor) const;
  Image batch_norm(const net::LayerSpec& layer, const Image& x) const;
  Image pool(const net::LayerSpec& layer, const Image& x) const;
  Image downsample(const Image& x) const;
  Image linear(const net::LayerSpec& layer, const Image& x) const;

  net::NetworkSpec spec_;
  net::NetworkOptions options_;
  std::vector<Values> parameters_;
};

}  // namespace dsx::bench

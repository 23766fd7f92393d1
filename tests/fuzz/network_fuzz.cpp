// A network's YAML.
#include "net/spec.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

void read(std::span<const std::uint8_t> bytes) {
  net::parse_network_spec(std::string(bytes.begin(), bytes.end()), "fuzz.yaml");
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all = files_in(std::string(DOWNSCALEXR_SOURCE_DIR) + "/net/networks", ".yaml");
  const std::string every =
      "name: every\nlayers:\n"
      "- Conv2d: {name: c, out_channels: 4, kernel_size: 3, stride: 2, padding: 1, bias: false}\n"
      "- BatchNorm2d: {eps: 1e-3, momentum: 0.5}\n- ReLU\n"
      "- AvgPool2d: {kernel_size: 2, padding: 1, count_include_pad: no}\n- MaxPool2d: {kernel_size: 3}\n- "
      "Downsample\n"
      "- AdaptiveAvgPool2d: {output_size: 2}\n- Flatten\n- Linear: {out_features: 1}\n";
  all.emplace_back(every.begin(), every.end());
  return all;
}

}  // namespace dsx::fuzz

// Network files: what they say when something is wrong.
#include "net/spec.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"

namespace dsx {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& yaml) {
  try {
    net::parse_network_spec(yaml, "net.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NetworkSpec, NamesTheLineAndTheNearestWord) {
  EXPECT_THAT(error_of("layers:\n  - Conv2D: {out_channels: 6}"),
              HasSubstr("net.yaml:2: layer type 'Conv2D' is not known: did you mean Conv2d?"));
  EXPECT_THAT(error_of("layers:\n  - Conv2d: {out_channel: 6, kernel_size: 5}"),
              HasSubstr("did you mean out_channels?"));
  EXPECT_THAT(error_of("layers:\n  - Conv2d: {out_channels: 6}"), HasSubstr("needs the key 'kernel_size'"));
  EXPECT_THAT(error_of("layers:\n  - Conv2d: {out_channels: six, kernel_size: 5}"),
              HasSubstr("'six' is not a value of the right type"));
  EXPECT_THAT(error_of("layers:\n  - Conv2d: {out_channels: 0, kernel_size: 5}"),
              HasSubstr("must be at least 1"));
  EXPECT_THAT(error_of("layer: []"), HasSubstr("did you mean layers?"));
  EXPECT_THAT(error_of("layers: []"), HasSubstr("at least one layer"));
  EXPECT_THAT(error_of("layers:\n  - [1, 2]"), HasSubstr("a layer is written"));
  EXPECT_THAT(error_of("layers:\n  - ReLU: {name: a}\n  - ReLU: {name: a}"),
              HasSubstr("two layers are named 'a'"));
  EXPECT_THAT(error_of("layers: [Conv2d: {"), HasSubstr("net.yaml:"));
}

TEST(NetworkSpec, RefusesFilesThatAreNotThere) {
  EXPECT_THROW(net::load_network_spec("/nowhere/net.yaml"), ConfigError);
}

}  // namespace
}  // namespace dsx

// Network files: what they say when something is wrong, and the shapes inferred from them.
#include "net/spec.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "net/shapes.hpp"
#include "tests/net/network_fixture.hpp"

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

TEST(Shapes, AreTheStudysForEveryVariant) {
  for (const auto& variant : variant_names()) {
    const auto spec = net::load_network_spec("lenet");
    const auto shapes = net::infer_shapes(spec, variant, {32, 1, 320, 320});
    EXPECT_EQ(shapes[2].dst, (dnnl::memory::dims{32, 6, 158, 158})) << variant;
    EXPECT_EQ(shapes[5].dst, (dnnl::memory::dims{32, 16, 77, 77})) << variant;
    EXPECT_EQ(shapes.back().dst, (dnnl::memory::dims{32, 1})) << variant;
  }
}

TEST(Shapes, AgreeBetweenVariantsForAnyInput) {
  for (const int side : {28, 29, 30, 31, 33, 64, 225}) {
    dnnl::memory::dims first;
    for (const auto& variant : variant_names()) {
      const auto shapes = net::infer_shapes(small_lenet(), variant, {2, 1, side, side});
      const auto flat = shapes[6].dst;
      if (first.empty()) first = flat;
      EXPECT_EQ(flat, first) << variant << " on " << side;
    }
  }
}

TEST(Shapes, NameTheLayerThatDoesNotFit) {
  try {
    net::infer_shapes(net::load_network_spec("lenet"), "avgpool", {1, 1, 10, 10});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer conv2 on input 1x6x3x3"));
  }
  const auto no_flatten = net::parse_network_spec(
      "layers:\n  - Conv2d: {out_channels: 2, kernel_size: 3}\n  - Linear: {out_features: 1}", "x");
  EXPECT_THROW(net::infer_shapes(no_flatten, "avgpool", {1, 1, 8, 8}), ConfigError);
  const auto two_outputs =
      net::parse_network_spec("layers:\n  - Flatten\n  - Linear: {out_features: 2}", "x");
  EXPECT_THROW(net::infer_shapes(two_outputs, "avgpool", {1, 1, 8, 8}), ConfigError);
  const auto no_conv = net::parse_network_spec(
      "layers:\n  - MaxPool2d: {kernel_size: 2}\n  - Downsample\n  - Flatten\n  - Linear: {out_features: 1}",
      "x");
  EXPECT_THROW(net::infer_shapes(no_conv, "strided", {1, 1, 8, 8}), ConfigError);
}

}  // namespace
}  // namespace dsx

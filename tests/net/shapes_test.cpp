// Shapes inferred from a network and the size of its input.
#include "net/shapes.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/net/network_fixture.hpp"

namespace dsx {
namespace {

using testing::HasSubstr;

TEST(Shapes, AreTheStudysForEveryVariant) {
  for (const auto& variant : operator_names()) {
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
    for (const auto& variant : operator_names()) {
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

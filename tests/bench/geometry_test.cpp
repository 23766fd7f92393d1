// Shapes files: what they mean, and what is said about a wrong one.
#include "bench/arms/geometry.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

TEST(Geometry, ReadsAShapeWithItsOwnPool) {
  const auto shapes =
      bench::parse_geometries("# stem\n\nstem src=3x224x200 conv=64,k7,s2,p3 own=max,k3,s2,p1 # end\n", "x");
  ASSERT_EQ(shapes.size(), 1U);
  const auto& g = shapes[0];
  EXPECT_EQ(g.name, "stem");
  EXPECT_EQ(g.channels, 3);
  EXPECT_EQ(g.height, 224);
  EXPECT_EQ(g.width, 200);
  EXPECT_EQ(g.out_channels, 64);
  EXPECT_EQ(g.kernel, 7);
  EXPECT_EQ(g.stride, 2);
  EXPECT_EQ(g.padding, 3);
  ASSERT_TRUE(g.own.has_value());
  EXPECT_EQ(g.own->name(), "own_max_k3s2p1");
}

TEST(Geometry, StridesOnePadsZeroAndPoolsItsWindowByDefault) {
  const auto g = bench::parse_geometries("a src=1x8x8 conv=2,k3 own=avg,k2", "x")[0];
  EXPECT_EQ(g.stride, 1);
  EXPECT_EQ(g.padding, 0);
  EXPECT_EQ(g.own->stride, 2);
}

TEST(Geometry, ADepthwiseConvolutionKeepsItsChannels) {
  const auto g = bench::parse_geometries("a src=16x8x8 conv=dw,k3,p1", "x")[0];
  EXPECT_EQ(g.out_channels, 16);
  EXPECT_EQ(bench::geometry_conv(g, 4, 1).weights, (dnnl::memory::dims{16, 1, 1, 3, 3}));
}

TEST(Geometry, StridedGivesHalfOfWhatStrideOneGives) {
  for (const char* line : {"a src=1x320x320 conv=6,k5", "a src=3x32x32 conv=4,k3,p1",
                           "a src=3x33x33 conv=4,k3,p1", "a src=3x224x224 conv=64,k7,s2,p3"}) {
    const auto g = bench::parse_geometries(line, "x")[0];
    const auto one = bench::geometry_conv(g, 1, 1), two = bench::geometry_conv(g, 1, 2);
    EXPECT_EQ(two.dst[2], one.dst[2] / 2) << line;
    EXPECT_EQ(two.dst[3], one.dst[3] / 2) << line;
    EXPECT_EQ((two.src[2] + two.padding_l + two.padding_r - g.kernel) / two.stride + 1, two.dst[2]) << line;
  }
}

TEST(Geometry, StudysBlocksHaveTheStudysShapes) {
  const auto shapes = bench::load_geometries("study");
  ASSERT_EQ(shapes.size(), 2U);
  EXPECT_EQ(bench::geometry_conv(shapes[0], 1, 1).dst, (dnnl::memory::dims{1, 6, 316, 316}));
  EXPECT_EQ(bench::geometry_conv(shapes[0], 1, 2).dst, (dnnl::memory::dims{1, 6, 158, 158}));
  EXPECT_EQ(bench::geometry_conv(shapes[1], 1, 1).dst, (dnnl::memory::dims{1, 16, 154, 154}));
  EXPECT_EQ(bench::geometry_conv(shapes[1], 1, 2).dst, (dnnl::memory::dims{1, 16, 77, 77}));
}

TEST(Geometry, BuiltInListsAllParse) {
  const auto lists = bench::builtin_geometry_lists();
  EXPECT_THAT(lists, testing::IsSupersetOf({"study", "resnet_stem", "mobilenet_stem"}));
  for (const auto& list : lists) EXPECT_FALSE(bench::load_geometries(list).empty()) << list;
}

class BadShapes : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadShapes, AreReportedWithFileLineAndReason) {
  const auto [text, reason] = GetParam();
  try {
    bench::parse_geometries(text, "mine.txt");
    FAIL() << "accepted: " << text;
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("mine.txt"));
    EXPECT_THAT(error.what(), testing::HasSubstr(reason));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadShapes,
    testing::Values(std::pair{"", "no shapes in it"}, std::pair{"# only this\n", "no shapes in it"},
                    std::pair{"\na conv=6,k5", "line 2: src is missing"},
                    std::pair{"a src=1x8x8", "line 1: conv is missing"},
                    std::pair{"a src=1x8 conv=6,k5", "write CxHxW"},
                    std::pair{"a src=1x8x8 conv=0,k5", "out channels (or dw) is '0'"},
                    std::pair{"a src=1x8x8 conv=6,kx", "window k is 'x'"},
                    std::pair{"a src=1x8x8 conv=6", "conv has no window"},
                    std::pair{"a src=1x8x8 conv=6,k3,q2", "'q2' is not known"},
                    std::pair{"a src=1x8x8 conv=6,k3,s-1", "stride s is '-1'"},
                    std::pair{"a src=1x8x8 conv=6,k9", "does not fit"},
                    std::pair{"a src=1x8x8 conv=6,k8", "leaves nothing to downsample"},
                    std::pair{"a src=1x8x8 convv=6,k3", "did you mean 'conv'"},
                    std::pair{"a src=1x8x8 conv=6,k3 own=min,k2", "must begin with max or avg"},
                    std::pair{"a src=1x8x8 conv=6,k3 own=max,k2,p2", "more than half of the window"},
                    std::pair{"src=1x8x8 conv=6,k3", "cannot be a name"},
                    std::pair{"a src=99999999999x8x8 conv=6,k3", "whole number"},
                    std::pair{"a src=1x8x8 conv=6,k3\na src=1x8x8 conv=6,k3",
                              "line 2: the name 'a' is taken"}),
    [](const auto& tested) {
      return reference::test_name(tested.param.second) + "_" + std::to_string(tested.index);
    });

TEST(Geometry, NamesTheBuiltInListsWhenAFileCannotBeRead) {
  for (const char* path : {"/nowhere/shapes.txt", "/tmp"}) {
    try {
      bench::load_geometries(path);
      FAIL() << path;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("built-in"));
    }
  }
}

}  // namespace
}  // namespace dsx

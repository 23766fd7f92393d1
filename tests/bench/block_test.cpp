// The benchmarks' own reference against the tests' independent one, and arms as they are built.
#include "bench/block.hpp"

#include <gmock/gmock.h>

#include "bench/block_check.hpp"
#include "bench/definitions.hpp"
#include "kernels/error.hpp"
#include "kernels/fused_block.hpp"
#include "tests/reference/reference.hpp"

namespace dsx {
namespace {

const Geometry kSmall = parse_geometries("small src=3x14x14 conv=4,k3,p1 own=avg,k3,s2,p1", "test")[0];

BlockSpec spec_of(const std::string& op, Unit unit = Unit::block,
                  Direction direction = Direction::inference) {
  BlockSpec spec;
  spec.geometry = kSmall;
  spec.op = op;
  spec.unit = unit;
  spec.direction = direction;
  spec.batch = 2;
  return spec;
}

reference::Array array_of(const dnnl::memory::dims& dims, const std::vector<float>& values) {
  reference::Array a(static_cast<int>(dims[0]), static_cast<int>(dims[1]), static_cast<int>(dims[2]),
                     static_cast<int>(dims[3]));
  a.v.assign(values.begin(), values.end());
  return a;
}

class EveryOperator : public testing::TestWithParam<std::string> {};

TEST_P(EveryOperator, HasADefinitionThatEqualsTheTestsReference) {
  const auto spec = spec_of(GetParam());
  const auto conv = geometry_conv(kSmall, spec.batch, spec.stride_factor());
  const auto source = pattern(element_count(conv.src), 1), weights = pattern(element_count(conv.weights), 2),
             bias = pattern(element_count({conv.dst[1]}), 3);
  const BlockReference ours(spec, conv, source, weights, bias);
  const auto activation = reference::relu(reference::conv(
      array_of(conv.src, source), array_of(conv.weights, weights), {bias.begin(), bias.end()}, conv.stride,
      conv.padding_l, static_cast<int>(conv.dst[2]), static_cast<int>(conv.dst[3])));
  const auto expected = reference::downsample(GetParam(), activation);
  for (int n = 0; n < expected.n; ++n)
    for (int c = 0; c < expected.c; ++c)
      for (int i = 0; i < expected.h; ++i)
        for (int j = 0; j < expected.w; ++j) {
          ASSERT_NEAR(ours.output({n, c, i, j}).value, expected(n, c, i, j), 1e-9);
        }
}

TEST_P(EveryOperator, ReferenceGradientIsTheSlopeOfItsOutput) {
  const auto spec = spec_of(GetParam());
  const auto conv = geometry_conv(kSmall, spec.batch, spec.stride_factor());
  auto source = pattern(element_count(conv.src), 1);
  auto weights = pattern(element_count(conv.weights), 2);
  const auto bias = pattern(element_count({conv.dst[1]}), 3);
  BlockReference reference(spec, conv, source, weights, bias);
  Place place;
  for (const auto& candidate : reference.places({2, 4, 7, 7}, 50)) {
    if (reference.is_smooth(candidate) && reference.output(candidate).value > 0) place = candidate;
  }
  ASSERT_TRUE(reference.is_smooth(place));
  ASSERT_GT(reference.output(place).value, 0) << "nothing would flow back";
  reference.add_gradient(place, 1);
  constexpr float kStep = 0x1p-12F;
  const auto here = reference.output(place).value;
  for (std::size_t i = 0; i < weights.size(); i += 3) {
    auto moved = weights;
    moved[i] += kStep;
    const double slope = (BlockReference(spec, conv, source, moved, bias).output(place).value - here) / kStep;
    const auto found = reference.diff_weights().find(i);
    EXPECT_NEAR(found == reference.diff_weights().end() ? 0 : found->second.value, slope, 1e-6)
        << "weight " << i;
  }
  for (std::size_t i = 0; i < source.size(); i += 5) {
    auto moved = source;
    moved[i] += kStep;
    const double slope =
        (BlockReference(spec, conv, moved, weights, bias).output(place).value - here) / kStep;
    const auto found = reference.diff_source().find(i);
    EXPECT_NEAR(found == reference.diff_source().end() ? 0 : found->second.value, slope, 1e-6)
        << "pixel " << i;
  }
}

TEST_P(EveryOperator, IsCheckedAndRunsInEveryDirection) {
  for (const auto unit : {Unit::op, Unit::block}) {
    for (const auto& direction : direction_names()) {
      const auto spec = spec_of(GetParam(), unit, direction_from_string(direction));
      try {
        const auto work = build_block(spec);
        work.run();
        EXPECT_GT(work.cost.min_bytes, 0);
        EXPECT_FALSE(work.buffers.source.empty());
        EXPECT_FALSE(work.buffers.destination.empty());
        EXPECT_THAT(work.label, testing::HasSubstr("reorder"));
      } catch (const UnsupportedError& error) {
        EXPECT_EQ(unit, Unit::op) << error.what();
        EXPECT_THAT(error.what(), testing::AnyOf(testing::HasSubstr("no step of its own"),
                                                 testing::HasSubstr("no weights of its own")));
      }
    }
  }
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const auto& op : downsample_table()) names.push_back(op.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Table, EveryOperator, testing::ValuesIn(table_names()),
                         [](const auto& tested) { return tested.param; });

TEST_P(EveryOperator, FusedIsCheckedWhereThereIsAKernel) {
  const bool fusible = GetParam() == "avgpool" || GetParam() == "maxpool" || GetParam() == "strided";
  for (const auto& direction : direction_names()) {
    auto spec = spec_of(GetParam(), Unit::block, direction_from_string(direction));
    spec.geometry = load_geometries("study").back();  // wide enough for the widest vectors
    spec.fused = true;
    try {
      const auto work = build_block(spec);
      work.run();
      EXPECT_TRUE(fusible);
      EXPECT_EQ(work.steps.size(), 1U);
      EXPECT_THAT(work.label, testing::HasSubstr("ours:"));
    } catch (const UnsupportedError& error) {
      EXPECT_TRUE(!fusible || direction == "backward_data" || fused_block_isa().empty()) << error.what();
    }
  }
}

TEST(Block, RunsAShapesOwnPool) {
  for (const auto& direction : direction_names()) {
    EXPECT_NO_THROW(
        build_block(spec_of("own_avg_k3s2p1", Unit::block, direction_from_string(direction))).run());
  }
}

TEST(Block, ArmsOfOneShapeHaveTheSameSourceAndDestination) {
  std::vector<std::size_t> bytes;
  for (const auto& name : table_names()) {
    const auto work = build_block(spec_of(name));
    bytes.push_back(work.buffers.source.front().get_desc().get_size());
    bytes.push_back(work.buffers.destination.front().get_desc().get_size());
  }
  for (std::size_t i = 2; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], bytes[i % 2]);
}

// A reference with another bias stands for a kernel that computes something else.
TEST(CheckBlock, RefusesAWrongResult) {
  const auto spec = spec_of("none", Unit::conv);
  const auto conv = geometry_conv(kSmall, spec.batch, 1);
  Chain chain{Context{}};
  auto kernel = conv_forward(chain.context(), "conv", conv, {Pass::inference, true, true},
                             activation_md(conv.src, spec.dtype, spec.layout),
                             activation_md(conv.dst, spec.dtype, spec.layout));
  Arguments known;
  std::vector<float> values[3] = {pattern(element_count(conv.src), 1),
                                  pattern(element_count(conv.weights), 2),
                                  pattern(element_count({conv.dst[1]}), 3)};
  const int arguments[3] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS};
  for (int i = 0; i < 3; ++i) {
    known[arguments[i]] = make_memory(chain.context(), kernel.arguments.at(arguments[i]));
    write_plain(chain.context(), values[i], known[arguments[i]]);
  }
  const auto destination = chain.add("conv", std::move(kernel), known).at(DNNL_ARG_DST);
  BlockReference right(spec, conv, values[0], values[1], values[2]);
  EXPECT_NO_THROW(check_block(chain, spec, right, {destination, {}, {}, {}}));
  values[2][3] += 0.5F;
  BlockReference wrong(spec, conv, values[0], values[1], values[2]);
  EXPECT_THROW(check_block(chain, spec, wrong, {destination, {}, {}, {}}), WrongResult);
}

TEST(Buffers, ColdStatesNameTheirOwnMemories) {
  const auto work = build_block(spec_of("maxpool"));
  EXPECT_TRUE(flushed_by(CacheState::hot, work.buffers).empty());
  const auto source = flushed_by(CacheState::cold_source, work.buffers).size();
  const auto weights = flushed_by(CacheState::cold_weights, work.buffers).size();
  const auto destination = flushed_by(CacheState::cold_destination, work.buffers).size();
  EXPECT_EQ(source, 1U);
  EXPECT_EQ(weights, 2U);
  EXPECT_EQ(destination, 1U);
  EXPECT_GT(flushed_by(CacheState::cold_all, work.buffers).size(), source + weights + destination);
  flush_from_caches(flushed_by(CacheState::cold_all, work.buffers));  // must not change a value
  work.run();
}

TEST(Flush, KeepsValues) {
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  flush_from_caches(values.data(), values.size() * sizeof(float));
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i));
}

}  // namespace
}  // namespace dsx

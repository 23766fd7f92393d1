// The benchmarks' own reference against the tests' independent one, and arms as they are built.
#include "bench/arms/block.hpp"

#include <gmock/gmock.h>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/block_check.hpp"
#include "bench/arms/definitions.hpp"
#include "kernels/base/error.hpp"
#include "kernels/fused/fused_block.hpp"
#include "tests/reference/operators.hpp"

namespace dsx {
namespace {

const bench::Geometry kSmall =
    bench::parse_geometries("small src=3x14x14 conv=4,k3,p1 own=avg,k3,s2,p1", "test")[0];

bench::BlockSpec spec_of(const std::string& op, bench::Unit unit = bench::Unit::block,
                         bench::Direction direction = bench::Direction::inference) {
  bench::BlockSpec spec;
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
  const auto conv = bench::geometry_conv(kSmall, spec.batch, spec.stride_factor());
  const auto source = bench::pattern(bench::element_count(conv.src), 1),
             weights = bench::pattern(bench::element_count(conv.weights), 2),
             bias = bench::pattern(bench::element_count({conv.dst[1]}), 3);
  const bench::BlockReference ours(spec, conv, source, weights, bias);
  const auto activation = reference::relu(reference::conv(
      array_of(conv.src, source), array_of(conv.weights, weights), {bias.begin(), bias.end()}, conv.stride,
      conv.padding_l, static_cast<int>(conv.dst[2]), static_cast<int>(conv.dst[3])));
  const auto expected = reference::downsampled(GetParam(), activation);
  for (int n = 0; n < expected.n; ++n)
    for (int c = 0; c < expected.c; ++c)
      for (int i = 0; i < expected.h; ++i)
        for (int j = 0; j < expected.w; ++j) {
          ASSERT_NEAR(ours.output({n, c, i, j}).value, expected(n, c, i, j), 1e-9);
        }
}

TEST_P(EveryOperator, ReferenceGradientIsTheSlopeOfItsOutput) {
  const auto spec = spec_of(GetParam());
  const auto conv = bench::geometry_conv(kSmall, spec.batch, spec.stride_factor());
  auto source = bench::pattern(bench::element_count(conv.src), 1);
  auto weights = bench::pattern(bench::element_count(conv.weights), 2);
  const auto bias = bench::pattern(bench::element_count({conv.dst[1]}), 3);
  bench::BlockReference reference(spec, conv, source, weights, bias);
  bench::Place place;
  for (const auto& candidate : reference.places({2, 4, 7, 7}, 50)) {
    if (reference.is_smooth(candidate) && reference.output(candidate).value > 0) place = candidate;
  }
  ASSERT_TRUE(reference.is_smooth(place));
  ASSERT_GT(reference.output(place).value, 0) << "nothing would flow back";
  reference.add_gradient(place, 1);
  constexpr float kStep = 0x1p-12F;
  for (std::size_t i = 0; i < weights.size(); i += 3) {
    auto more = weights, less = weights;
    more[i] += kStep;
    less[i] -= kStep;
    const double slope = (bench::BlockReference(spec, conv, source, more, bias).output(place).value -
                          bench::BlockReference(spec, conv, source, less, bias).output(place).value) /
                         (2 * kStep);
    const auto found = reference.diff_weights().find(i);
    EXPECT_NEAR(found == reference.diff_weights().end() ? 0 : found->second.value, slope, 1e-6)
        << "weight " << i;
  }
  for (std::size_t i = 0; i < source.size(); i += 5) {
    auto more = source, less = source;
    more[i] += kStep;
    less[i] -= kStep;
    const double slope = (bench::BlockReference(spec, conv, more, weights, bias).output(place).value -
                          bench::BlockReference(spec, conv, less, weights, bias).output(place).value) /
                         (2 * kStep);
    const auto found = reference.diff_source().find(i);
    EXPECT_NEAR(found == reference.diff_source().end() ? 0 : found->second.value, slope, 1e-6)
        << "pixel " << i;
  }
}

TEST_P(EveryOperator, IsCheckedAndRunsInEveryDirection) {
  for (const auto unit : {bench::Unit::op, bench::Unit::block}) {
    for (const auto& direction : bench::direction_names()) {
      const auto spec = spec_of(GetParam(), unit, bench::direction_from_string(direction));
      try {
        const auto work = bench::build_block(spec);
        work.run();
        EXPECT_GT(work.cost.min_bytes, 0);
        EXPECT_FALSE(work.buffers.source.empty());
        EXPECT_FALSE(work.buffers.destination.empty());
        EXPECT_THAT(work.label, testing::HasSubstr("reorder"));
      } catch (const UnsupportedError& error) {
        EXPECT_EQ(unit, bench::Unit::op) << error.what();
        EXPECT_THAT(error.what(), testing::AnyOf(testing::HasSubstr("no step of its own"),
                                                 testing::HasSubstr("no weights of its own")));
      }
    }
  }
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const auto& op : downsample::downsample_table()) names.push_back(op.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Table, EveryOperator, testing::ValuesIn(table_names()),
                         [](const auto& tested) { return tested.param; });

// The check compares with the definition; an operator that its convolution does has no step of its own.
TEST_P(EveryOperator, Int8IsCheckedAtInferenceOnly) {
  for (const auto unit : {bench::Unit::op, bench::Unit::block}) {
    auto spec = spec_of(GetParam(), unit);
    spec.dtype = dnnl::memory::data_type::u8;
    if (unit == bench::Unit::op && downsample::downsample_op(GetParam()).acts_in_convolution()) continue;
    const auto work = bench::build_block(spec);
    EXPECT_EQ(work.buffers.destination.at(0).get_desc().get_data_type(), spec.dtype);
    spec.direction = bench::Direction::training_forward;
    EXPECT_THROW(bench::build_block(spec), UnsupportedError);
  }
}

TEST_P(EveryOperator, FusedIsCheckedWhereThereIsAKernel) {
  const bool fusible = downsample::downsample_op(GetParam()).fused != nullptr;
  for (const auto& direction : bench::direction_names()) {
    auto spec = spec_of(GetParam(), bench::Unit::block, bench::direction_from_string(direction));
    spec.geometry = bench::load_geometries("study").back();  // wide enough for the widest vectors
    spec.fused = true;
    try {
      const auto work = bench::build_block(spec);
      work.run();
      EXPECT_TRUE(fusible);
      EXPECT_EQ(work.steps.size(), 1U);
      EXPECT_THAT(work.label, testing::HasSubstr("ours:"));
    } catch (const UnsupportedError& error) {
      EXPECT_TRUE(!fusible || direction == "backward_data" || fused::fused_block_isa().empty())
          << error.what();
    }
  }
}

TEST(Block, RunsAShapesOwnPool) {
  for (const auto& direction : bench::direction_names()) {
    EXPECT_NO_THROW(bench::build_block(spec_of("own_avg_k3s2p1", bench::Unit::block,
                                               bench::direction_from_string(direction)))
                        .run());
  }
}

TEST(Block, ArmsOfOneShapeHaveTheSameSourceAndDestination) {
  std::vector<std::size_t> bytes;
  for (const auto& name : table_names()) {
    const auto work = bench::build_block(spec_of(name));
    bytes.push_back(work.buffers.source.front().get_desc().get_size());
    bytes.push_back(work.buffers.destination.front().get_desc().get_size());
  }
  for (std::size_t i = 2; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], bytes[i % 2]);
}

// A reference with another bias stands for a kernel that computes something else.
TEST(CheckBlock, RefusesAWrongResult) {
  const auto spec = spec_of("none", bench::Unit::conv);
  const auto conv = bench::geometry_conv(kSmall, spec.batch, 1);
  bench::Chain chain{kernels::Context{}};
  auto kernel = kernels::conv_forward(chain.context(), "conv", conv, {kernels::Pass::inference, true, true},
                                      kernels::activation_md(conv.src, spec.dtype, spec.layout),
                                      kernels::activation_md(conv.dst, spec.dtype, spec.layout));
  kernels::Arguments known;
  std::vector<float> values[3] = {bench::pattern(bench::element_count(conv.src), 1),
                                  bench::pattern(bench::element_count(conv.weights), 2),
                                  bench::pattern(bench::element_count({conv.dst[1]}), 3)};
  const int arguments[3] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS};
  for (int i = 0; i < 3; ++i) {
    known[arguments[i]] = bench::make_memory(chain.context(), kernel.arguments.at(arguments[i]));
    bench::write_plain(chain.context(), values[i], known[arguments[i]]);
  }
  const auto destination = chain.add("conv", std::move(kernel), known).at(DNNL_ARG_DST);
  bench::BlockReference right(spec, conv, values[0], values[1], values[2]);
  EXPECT_NO_THROW(bench::check_block(chain, spec, right, {destination, {}, {}, {}}));
  values[2][3] += 0.5F;
  bench::BlockReference wrong(spec, conv, values[0], values[1], values[2]);
  EXPECT_THROW(bench::check_block(chain, spec, wrong, {destination, {}, {}, {}}), bench::WrongResult);
}

TEST(Buffers, ColdStatesNameTheirOwnMemories) {
  const auto work = bench::build_block(spec_of("maxpool"));
  EXPECT_TRUE(bench::flushed_by(bench::CacheState::hot, work.buffers).empty());
  const auto source = bench::flushed_by(bench::CacheState::cold_source, work.buffers).size();
  const auto weights = bench::flushed_by(bench::CacheState::cold_weights, work.buffers).size();
  const auto destination = bench::flushed_by(bench::CacheState::cold_destination, work.buffers).size();
  EXPECT_EQ(source, 1U);
  EXPECT_EQ(weights, 2U);
  EXPECT_EQ(destination, 1U);
  EXPECT_GT(bench::flushed_by(bench::CacheState::cold_all, work.buffers).size(),
            source + weights + destination);
  bench::flush_from_caches(
      bench::flushed_by(bench::CacheState::cold_all, work.buffers));  // must not change a value
  work.run();
}

TEST(Flush, KeepsValues) {
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  bench::flush_from_caches(values.data(), values.size() * sizeof(float));
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i));
}

}  // namespace
}  // namespace dsx

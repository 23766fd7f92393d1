#include "bench/arms/options.hpp"

#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "bench/measure/environment.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using testing::ElementsAre;

TEST(BenchOptions, DefaultsToTheStudysMainCase) {
  std::vector<std::string> arguments;
  const auto options = bench::take_options(arguments);
  EXPECT_THAT(options.axes.engines, ElementsAre("primitives", "fused"));
  EXPECT_THAT(options.axes.algorithms, ElementsAre("direct"));
  EXPECT_THAT(options.axes.layouts, ElementsAre("nhwc"));
  EXPECT_THAT(options.axes.dtypes, ElementsAre("f32"));
  EXPECT_THAT(options.axes.batches, ElementsAre(32, 1));
  EXPECT_THAT(options.axes.threads, ElementsAre(usable_cpus()));
  EXPECT_THAT(options.axes.caches, ElementsAre("hot"));
  EXPECT_EQ(options.shapes, "study");
}

TEST(BenchOptions, TakesItsOwnFlagsAndLeavesGoogleBenchmarks) {
  std::vector<std::string> arguments{
      "--benchmark_filter=max",   "--layout", "nchw,any", "--batch=4", "--cache=all", "--allow-ref",
      "--benchmark_repetitions=3"};
  const auto options = bench::take_options(arguments);
  EXPECT_THAT(arguments, ElementsAre("--benchmark_filter=max", "--benchmark_repetitions=3"));
  EXPECT_THAT(options.axes.layouts, ElementsAre("nchw", "any"));
  EXPECT_THAT(options.axes.batches, ElementsAre(4));
  EXPECT_EQ(options.axes.caches.size(), 5U);
  EXPECT_TRUE(options.axes.allow_ref);
}

TEST(BenchOptions, MachineIsJsonWhenTheReportWouldBe) {
  std::vector<std::string> text{"--machine"}, json{"--machine", "--benchmark_format=json"};
  EXPECT_EQ(bench::take_options(text).machine, bench::BenchOptions::Machine::text);
  EXPECT_EQ(bench::take_options(json).machine, bench::BenchOptions::Machine::json);
}

class BadFlags : public testing::TestWithParam<std::pair<std::vector<std::string>, const char*>> {};

TEST_P(BadFlags, AreRefusedWithTheReason) {
  auto [arguments, reason] = GetParam();
  try {
    bench::take_options(arguments);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(reason));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFlags,
    testing::Values(std::pair{std::vector<std::string>{"--layout", "nwhc"},
                              "some of nhwc, nchw, blocked, any"},
                    std::pair{std::vector<std::string>{"--batch=-1"}, "'-1' must be a whole number"},
                    std::pair{std::vector<std::string>{"--threads=0"}, "'0' must be a whole number"},
                    std::pair{std::vector<std::string>{"--threads="}, "empty"},
                    std::pair{std::vector<std::string>{"--op=foo"}, "some of none, avgpool, maxpool"},
                    std::pair{std::vector<std::string>{"--shapes", "/nowhere", "--op=foo"}, "built-in"},
                    std::pair{std::vector<std::string>{"--dtype"}, "needs a value"},
                    std::pair{std::vector<std::string>{"--machine=yes"}, "takes no value"}),
    [](const auto& tested) {
      return reference::test_name(fmt::format("{}", fmt::join(tested.param.first, "_")));
    });

TEST(Arms, HaveDistinctNamesWithEveryAxis) {
  std::vector<std::string> arguments{"--layout=all", "--dtype=all", "--cache=all", "--threads=all"};
  const auto options = bench::take_options(arguments);
  const auto arms = bench::all_arms(bench::load_geometries("study"), options.axes);
  std::vector<std::string> names;
  for (const auto& arm : arms) names.push_back(arm.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_THAT(names,
              testing::Contains("block1/op:maxpool/unit:op/layout:nchw/dtype:bf16/direction:backward_data/"
                                "batch:32/threads:1/cache:cold_source"));
  EXPECT_THAT(
      names, testing::Contains("fc1/layout:nhwc/dtype:int8/direction:inference/batch:1/threads:1/cache:hot"));
  EXPECT_THAT(names,
              testing::Contains("network/op:strided/layout:nhwc/dtype:f32/direction:training_step/batch:1/"
                                "threads:1/cache:hot"));
}

}  // namespace
}  // namespace dsx

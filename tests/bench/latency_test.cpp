#include "bench/measure/latency.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "bench/measure/environment.hpp"
#include "kernels/fused/fused_block.hpp"
#include "net/network.hpp"

namespace dsx {
namespace {

constexpr const char* kTiny = R"(name: tiny
layers:
  - Conv2d: {name: conv1, out_channels: 4, kernel_size: 3}
  - ReLU
  - Downsample: {name: pool1}
  - Flatten
  - Linear: {name: fc1, out_features: 1}
)";

struct TinyPlan {
  net::Network network{kernels::Context{}, net::parse_network_spec(kTiny, "tiny"), {"maxpool", 1, 18, 18}};
  net::Plan plan;
  dnnl::memory images;
  TinyPlan()
      : plan((network.init(1), network.make_plan(4, false))),
        images(plan.src_md(), network.context().engine) {
    std::fill_n(static_cast<float*>(images.get_data_handle()), plan.src_count(), 0.5F);
    plan.set_src(static_cast<float*>(images.get_data_handle()));
  }
};

TEST(Latency, CountsEveryIterationAndDerivesThroughput) {
  TinyPlan tiny;
  bench::LatencyOptions options;
  options.iterations = 25;
  options.step_passes = 7;
  const auto latency = bench::measure_latency(tiny.plan, options);
  EXPECT_EQ(latency.batch, 4);
  EXPECT_EQ(latency.samples_ns.size(), 25U);
  EXPECT_EQ(latency.time.count, 25U);
  EXPECT_DOUBLE_EQ(latency.images_per_s, 4e9 / latency.time.median_ns);
  EXPECT_LE(latency.time.min_ns, latency.time.median_ns);
  EXPECT_LE(latency.time.median_ns, latency.time.p90_ns);
}

TEST(Latency, SharesOfAllStepsAddUpToOne) {
  TinyPlan tiny;
  bench::LatencyOptions options;
  options.iterations = 3;
  options.step_passes = 7;
  const auto latency = bench::measure_latency(tiny.plan, options);
  const auto& steps = tiny.plan.forward_steps();
  ASSERT_EQ(latency.steps.size(), steps.size());
  double shares = 0, sum_ns = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(latency.steps[i].step, steps[i].name);
    EXPECT_EQ(latency.steps[i].impl, steps[i].kernel.impl);
    EXPECT_EQ(latency.steps[i].time.count, 7U);
    shares += latency.steps[i].share;
    sum_ns += latency.steps[i].time.median_ns;
  }
  EXPECT_NEAR(shares, 1, 1e-12);
  EXPECT_DOUBLE_EQ(latency.steps_sum_ns, sum_ns);
}

// One large Linear layer, so that it is our kernel's; behind a ReLU or not.
std::vector<bench::StepTiming> timed_steps(bool relu, float conv_bias) {
  kernels::Context context;
  context.fused = true;
  const std::string yaml = fmt::format(
      "layers:\n  - Conv2d: {{name: conv1, out_channels: 4, kernel_size: 3}}\n{}  - Downsample: {{name: "
      "pool1}}\n"
      "  - Flatten\n  - Linear: {{name: fc1, out_features: 300}}\n  - Linear: {{name: fc2, out_features: "
      "1}}\n",
      relu ? "  - ReLU\n" : "");
  net::Network network(context, net::parse_network_spec(yaml, "zeros"), {"maxpool", 1, 34, 34});
  network.init(1);
  for (auto& parameter : network.parameters().all) {
    if (parameter.name == "conv1.weight") parameter.set(std::vector<float>(parameter.count(), 0.0F));
    if (parameter.name == "conv1.bias") parameter.set(std::vector<float>{conv_bias, conv_bias, 1, 1});
  }
  net::Plan plan = network.make_plan(2, false);
  dnnl::memory images(plan.src_md(), context.engine);
  std::fill_n(static_cast<float*>(images.get_data_handle()), plan.src_count(), 0.5F);
  plan.set_src(static_cast<float*>(images.get_data_handle()));
  plan.pack();
  return bench::measure_steps(plan.forward_steps(), 1, 2);
}

TEST(Latency, SaysHowManyInputsAStepSkips) {
  if (fused::fused_block_isa().empty()) GTEST_SKIP() << "no vectors of a fixed length on this machine";
  const auto zeros = [](const std::vector<bench::StepTiming>& steps) {
    std::map<std::string, double> shares;
    for (const auto& step : steps) {
      if (!std::isnan(step.zeros)) shares[step.step] = step.zeros;
    }
    return shares;
  };
  using Shares = std::map<std::string, double>;
  EXPECT_EQ(zeros(timed_steps(true, -1)), (Shares{{"fc1", 0.5}}));
  EXPECT_EQ(zeros(timed_steps(true, 1)), (Shares{{"fc1", 0.0}}));
  EXPECT_EQ(zeros(timed_steps(false, -1)), Shares{});  // not behind a ReLU: nothing is skipped
}

TEST(Latency, StopsWhenAsked) {
  TinyPlan tiny;
  bench::LatencyOptions options;
  options.keep_going = [](int done) { return done < 4; };
  EXPECT_EQ(bench::measure_latency(tiny.plan, options).samples_ns.size(), 4U);
}

TEST(Environment, HasEveryFieldOnceAndNonEmpty) {
  const auto fields = bench::environment_fields(bench::read_environment("study --variant maxpool"));
  std::vector<std::string> names;
  for (const auto& [name, value] : fields) {
    EXPECT_FALSE(value.empty() && name != "microcode" && name != "cpu_vendor") << name;
    EXPECT_THAT(names, testing::Not(testing::Contains(name)));
    names.push_back(name);
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"date_utc", "command", "commit", "compiler", "compiler_flags",
                                            "cpu_model", "isa", "topology", "memory_mib", "affinity",
                                            "cgroup_cpu_limit", "load_average", "threads", "onednn_version",
                                            "onednn_build_hash", "onednn_threading_runtime",
                                            "onednn_effective_isa"}));
}

TEST(Environment, KeepsTheCommandItWasGiven) {
  EXPECT_EQ(bench::read_environment("study --variant maxpool").command, "study --variant maxpool");
  EXPECT_THAT(bench::own_command_line(), testing::HasSubstr("bench_tests"));
}

TEST(Environment, ShowsOpenMpVariables) {
  ::setenv("OMP_DISPLAY_ENV", "FALSE", 1);
  const auto fields = bench::environment_fields(bench::read_environment());
  EXPECT_THAT(fields, testing::Contains(std::pair<std::string, std::string>{"env_OMP_DISPLAY_ENV", "FALSE"}));
  ::unsetenv("OMP_DISPLAY_ENV");
}

}  // namespace
}  // namespace dsx

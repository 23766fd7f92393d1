// The machine's figures are there and finite; no test asserts a speed.
#include "bench/machine/machine.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/machine/machine_kernels.hpp"
#include "bench/machine/machine_report.hpp"
#include "bench/machine/roofline.hpp"

namespace dsx {
namespace {

void expect_finite(const nlohmann::json& json, const std::string& path) {
  if (json.is_number()) {
    EXPECT_TRUE(std::isfinite(json.get<double>())) << path;
  } else if (json.is_null()) {
    ADD_FAILURE() << path << " is null";
  } else if (json.is_structured()) {
    for (const auto& [key, value] : json.items()) expect_finite(value, path + "/" + key);
  }
}

TEST(Machine, JsonHasEveryPartWithFiniteFigures) {
  bench::MachineOptions options;
  options.thread_counts = {1};
  options.repeats = 2;
  const auto machine = bench::measure_machine(options);
  const auto json = nlohmann::json::parse(bench::to_json(machine, bench::read_environment("test")).dump());
  for (const char* key :
       {"environment", "peaks", "bandwidths", "fork_join", "cpu_pairs", "clock", "too_noisy"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  expect_finite(json, "");
  ASSERT_EQ(json["peaks"].size(), 2U);
  EXPECT_GT(json["peaks"][0]["gflops"]["best"].get<double>(), 0);
  EXPECT_GT(json["peaks"][0]["gemm_gflops"]["best"].get<double>(), 0);
  EXPECT_TRUE(json["peaks"][1].contains("gflops") || json["peaks"][1].contains("not_available"));
  EXPECT_EQ(json["bandwidths"].back()["level"], "memory");
  EXPECT_GT(json["bandwidths"].back()["stream_triad_gb_per_s"]["best"].get<double>(), 0);
  EXPECT_THAT(bench::to_text(machine, bench::read_environment("test")), testing::HasSubstr("STREAM triad"));
}

TEST(StreamKernels, ReadWriteAndCopyWhatTheyClaim) {
  const auto kernels = bench::stream_kernels();
  alignas(64) static float a[1024], b[1024];
  kernels.write(a, 1024, 1.5F);
  EXPECT_EQ(kernels.read(a, 1024), 1.5F * 1024);
  kernels.copy(b, a, 1024);
  for (const float value : b) ASSERT_EQ(value, 1.5F);
  kernels.write(b, 512, 2.0F);
  EXPECT_EQ(b[511], 2.0F);
  EXPECT_EQ(b[512], 1.5F) << "no further than its count";
}

// A kernel is measured against what oneDNN may use, and the row says so.
TEST(FmaKernels, KeepToTheInstructionSetThatOneDnnMayUse) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this CPU has no avx512f to be left out";
  EXPECT_EQ(bench::f32_fma_kernel(dnnl::cpu_isa::avx512_core).name, "avx512f fma");
  const auto avx2 = bench::f32_fma_kernel(dnnl::cpu_isa::avx2);
  EXPECT_THAT(avx2.name, testing::StartsWith("avx2 fma (oneDNN is limited by ONEDNN_MAX_CPU_ISA"));
  EXPECT_THAT(avx2.name, testing::HasSubstr("this CPU has avx512f"));
  EXPECT_THAT(bench::f32_fma_kernel(dnnl::cpu_isa::avx).name,
              testing::StartsWith("avx multiply and add (oneDNN"));
  EXPECT_THAT(bench::f32_fma_kernel(dnnl::cpu_isa::sse41).name,
              testing::StartsWith("128-bit multiply and add (oneDNN"));
  EXPECT_EQ(bench::bf16_fma_kernel(dnnl::cpu_isa::avx2).run, nullptr);
  EXPECT_EQ(bench::stream_kernels(dnnl::cpu_isa::avx2).name, "avx2");
  for (const auto isa :
       {dnnl::cpu_isa::avx512_core, dnnl::cpu_isa::avx2, dnnl::cpu_isa::avx, dnnl::cpu_isa::sse41})
    bench::f32_fma_kernel(isa).run();
#else
  GTEST_SKIP() << "oneDNN's limits are those of x86-64";
#endif
}

bench::Machine made_up_machine() {
  bench::Machine machine;
  bench::PeakRow peak;
  peak.threads = 2;
  peak.dtype = "f32";
  peak.gflops = {100, 90, 0};
  machine.peaks.push_back(peak);
  for (const auto& [level, gbps] : {std::pair{"L1", 200.0}, {"L2", 100.0}, {"memory", 10.0}}) {
    bench::BandwidthRow row;
    row.threads = 2;
    row.level = level;
    row.copy_gbps = {gbps, gbps, 0};
    machine.bandwidths.push_back(row);
  }
  return machine;
}

TEST(Roofline, IsTheSlowerOfArithmeticAndTraffic) {
  bench::Topology topology;
  topology.caches = {{1, 32768, 64, 2, 1}, {2, 1048576, 64, 2, 1}};
  const auto machine = made_up_machine();
  const auto compute = bench::roofline(machine, topology, 2, "f32", 1e6, 1e3, 1e3, false);
  EXPECT_DOUBLE_EQ(compute.ns, 1e4);  // 1 MFLOP at 100 GFLOP/s
  EXPECT_EQ(compute.bound, "compute");
  const auto traffic = bench::roofline(machine, topology, 2, "f32", 1, 1e6, 1e6, false);
  EXPECT_DOUBLE_EQ(traffic.ns, 1e4);  // 1 MB at 100 GB/s: two L2 caches hold it
  EXPECT_EQ(traffic.bound, "L2 bandwidth");
  EXPECT_EQ(bench::roofline(machine, topology, 2, "f32", 1, 1e6, 1e9, false).bound, "memory bandwidth");
  EXPECT_EQ(bench::roofline(machine, topology, 2, "f32", 1, 1e6, 1e3, true).bound, "memory bandwidth")
      << "cold";
  EXPECT_EQ(bench::roofline(machine, topology, 2, "bf16", 1, 1e6, 1e3, true).ns, 0)
      << "no peak for that type";
}

}  // namespace
}  // namespace dsx

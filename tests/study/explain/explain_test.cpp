// The parts of `study explain` that have one right answer: strips give what the block gives, reports survive
// their files, noise is called noise, and the cache model finds data where it must be.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "bench/machine/narrow_read.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/explain/agreement.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/compare.hpp"
#include "study/explain/experiments/prediction.hpp"
#include "study/explain/report_files.hpp"
#include "study/explain/strip_runner.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct StripCase {
  const char* line;  // of a shapes file
  const char* op;
  int rows;
};
void PrintTo(const StripCase& c, std::ostream* out) { *out << c.line << " " << c.op << " " << c.rows; }

class Strips : public ::testing::TestWithParam<StripCase> {};

TEST_P(Strips, GiveTheDestinationOfTheWholeBlock) {
  const auto& param = GetParam();
  const auto geometry = bench::parse_geometries(param.line, "test").front();
  bench::BlockSpec spec;
  spec.geometry = geometry;
  spec.op = param.op;
  spec.batch = 3;
  auto work = bench::build_block(spec);  // checked against the definition
  work.run();
  const auto expected = bench::read_plain(kernels::Context{}, work.buffers.destination.front());
  explain::StripRunner strips(geometry, param.op, spec.batch, 2, param.rows, true);
  strips.run();
  const auto got = strips.destination();
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], expected[i], 1e-5F * std::max(1.0F, std::abs(expected[i]))) << i;
}

std::vector<StripCase> every_operator() {
  std::vector<StripCase> cases;
  for (const auto& op : downsample::downsample_table()) {
    if (op.acts_in_convolution()) continue;
    for (const int rows : {1, 3})
      for (const char* line : {"a src=1x40x40 conv=6,k5", "odd src=6x23x23 conv=16,k5"})
        cases.push_back({line, op.name.c_str(), rows});
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(EveryOperator, Strips, ::testing::ValuesIn(every_operator()));

INSTANTIATE_TEST_SUITE_P(
    OperatorsShapesAndHeights, Strips,
    ::testing::Values(StripCase{"a src=1x40x40 conv=6,k5", "maxpool", 0},
                      StripCase{"a src=1x40x40 conv=6,k5", "maxpool", 1},
                      StripCase{"a src=1x40x40 conv=6,k5", "avgpool", 5},
                      StripCase{"a src=1x40x40 conv=6,k5", "slice", 7},
                      StripCase{"a src=1x40x40 conv=6,k5", "blurpool", 1},
                      StripCase{"a src=1x40x40 conv=6,k5", "blurpool", 4},
                      StripCase{"a src=6x23x23 conv=16,k4", "maxblurpool", 3},
                      StripCase{"a src=6x23x23 conv=16,k4", "maxblurpool", 1},
                      StripCase{"odd src=6x23x23 conv=16,k5", "blurpool", 2},
                      StripCase{"odd src=6x23x23 conv=16,k5", "maxpool", 2},
                      StripCase{"stem src=3x32x32 conv=16,k7,s2,p3 own=max,k3,s2,p1", "own_max_k3s2p1", 2},
                      StripCase{"stem src=3x32x32 conv=16,k7,s2,p3 own=max,k3,s2,p1", "own_max_k3s2p1", 0},
                      StripCase{"own src=3x32x32 conv=8,k3,p1 own=avg,k3,s3", "own_avg_k3s3p0", 4},
                      StripCase{"dw src=16x28x28 conv=dw,k3,p1", "maxpool", 3}),
    [](const auto& tested) { return reference::test_name(::testing::PrintToString(tested.param)); });

TEST(StripRunner, RefusesAnOperatorThatIsTheConvolution) {
  const auto geometry = bench::parse_geometries("a src=1x40x40 conv=6,k5", "test").front();
  EXPECT_THROW(explain::StripRunner(geometry, "strided", 1, 1, 2, true), UnsupportedError);
}

explain::Finding part(const std::string& id, double value, double low, double high) {
  return {id, id + " is " + explain::interval_text({value, low, high}, "ms"), "ms", {value, low, high}, true};
}

explain::ExplainReport a_report() {
  explain::ExplainReport report;
  report.command = "study explain";
  report.settings = {{"batch", "32"}};
  report.environment = {{"cpu_model", "A"}};
  explain::ExperimentReport e;
  e.name = "factorial";
  e.question = "how?";
  e.command = "study explain --experiments factorial";
  e.tables.push_back({"t", "a table", {{"name", ""}, {"time", "ms", 2}}, {{"x", 1.5}, {"y", std::nan("")}}});
  e.findings.push_back(part("factorial/a", 2, 1.9, 2.1));
  e.notes = {"a note"};
  e.samples = {{"arm/1", {1, 2, 3}}};
  e.sample_count = 3;
  report.experiments.push_back(e);
  return report;
}

TEST(ExplainReport, SurvivesItsJson) {
  const auto folder = std::filesystem::path(::testing::TempDir());
  const auto path = folder / "explain_test.json";
  const auto report = a_report();
  std::ofstream(path) << explain::to_json(report).dump();
  const auto read = explain::read_explain_json(path);
  EXPECT_EQ(explain::to_json(read), explain::to_json(report));
  EXPECT_EQ(explain::to_text(read), explain::to_text(report));
  EXPECT_THAT(explain::to_text(read), HasSubstr("n/a"));
  auto twice = report;  // an arm that is in two sets of one experiment
  twice.experiments[0].samples.insert(twice.experiments[0].samples.end(),
                                      report.experiments[0].samples.begin(),
                                      report.experiments[0].samples.end());
  ASSERT_FALSE(report.experiments[0].samples.empty());
  explain::write_explain_h5(folder / "explain_test.h5", twice);
  EXPECT_TRUE(std::filesystem::exists(folder / "explain_test.h5"));
}

TEST(ExplainReport, RefusesWhatIsNoReport) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "no_report.json";
  for (const char* text :
       {"", "{", "[]", "{\"format\": \"else\"}", "{\"format\": \"downscalexr-explain\", \"version\": 99}",
        "{\"format\": \"downscalexr-explain\", \"version\": 1, \"settings\": 3}"}) {
    std::ofstream(path) << text;
    EXPECT_THROW(explain::read_explain_json(path), DataError) << text;
  }
  EXPECT_THROW(explain::read_explain_json("/nowhere/explain.json"), DataError);
}

TEST(ExplainReport, CallsAQuietMachineQuietAndANoisyOneNoisy) {
  auto report = a_report();
  explain::judge_noise(report);
  EXPECT_THAT(report.noise, IsEmpty());
  EXPECT_THAT(explain::to_text(report), Not(HasSubstr("TOO NOISY")));
  auto wide = report;
  wide.experiments[0].findings[0].interval = {2, 1.5, 2.5};
  explain::judge_noise(wide);
  EXPECT_THAT(wide.noise, ElementsAre(HasSubstr("factorial/a")));
  EXPECT_THAT(explain::to_text(wide), HasSubstr("TOO NOISY"));
  auto shared = report;
  shared.experiments[0].neighbours_share = 0.4;
  explain::judge_noise(shared);
  EXPECT_THAT(shared.noise, ElementsAre(HasSubstr("40%")));
  auto disturbed = report;
  disturbed.experiments[0].disturbed_samples = 2;
  explain::judge_noise(disturbed);
  EXPECT_THAT(disturbed.noise, ElementsAre(HasSubstr("2 of 3")));
}

TEST(ExplainReport, ASmallPartMayBeUncertain) {
  auto report = a_report();
  report.experiments[0].findings.push_back(part("factorial/small", 0.01, -0.02, 0.03));
  explain::judge_noise(report);
  EXPECT_THAT(report.noise, IsEmpty());
}

TEST(ExplainReport, ComparesWhatBothHave) {
  const auto a = a_report();
  auto b = a_report();
  b.environment = {{"cpu_model", "B"}};
  b.experiments[0].findings = {part("factorial/a", 3, 2.9, 3.1), part("factorial/only_b", 1, 1, 1)};
  const auto text = explain::compare_text({a, b});
  EXPECT_THAT(text, HasSubstr("cpu_model"));
  EXPECT_THAT(text, HasSubstr("1.50"));
  EXPECT_THAT(text, HasSubstr("apart"));
  EXPECT_THAT(text, HasSubstr("Findings that are not in all: 1 of B"));
}

TEST(Agreement, HoldsWithin15PercentAndInTheSameOrder) {
  auto a = a_report();
  a.experiments[0].findings = {part("factorial/a", 4, 3.9, 4.1), part("factorial/b", 2, 1.9, 2.1),
                               part("factorial/small", 0.1, 0, 0.2)};
  auto b = a;
  b.experiments[0].findings = {part("factorial/a", 4.4, 4.3, 4.5), part("factorial/b", 1.9, 1.8, 2),
                               part("factorial/small", 0.2, 0.1, 0.3)};
  EXPECT_EQ(explain::agreement(a, b).parts, 2U) << "small parts do not count";
  EXPECT_TRUE(explain::agreement(a, b).holds());
  EXPECT_THAT(explain::compare_text({a, b}), HasSubstr("2 agree within 15%."));
  b.experiments[0].findings[1].interval = {1.6, 1.5, 1.7};
  EXPECT_THAT(explain::agreement(a, b).apart, ElementsAre(HasSubstr("factorial/b")));
  b.experiments[0].findings[1].interval = {5, 4.9, 5.1};
  EXPECT_THAT(explain::agreement(a, b).reordered, ElementsAre("factorial"));
  EXPECT_THAT(explain::to_text(explain::agreement(a, b)),
              HasSubstr("the same in 0 of 1 experiments; not: factorial."));
  a.experiments[0].findings = {part("factorial/a", 1.1, 1.09, 1.11), part("factorial/b", 1, 0.99, 1.01)};
  b.experiments[0].findings = {part("factorial/a", 1, 0.99, 1.01), part("factorial/b", 1.1, 1.09, 1.11)};
  EXPECT_TRUE(explain::agreement(a, b).holds()) << "as good as equal: in no order";
  b.experiments[0].name = "else";
  EXPECT_EQ(explain::to_text(explain::agreement(a, b)), "No part is in both reports.\n");
}

TEST(ArmSet, DifferencesArePairedByRound) {
  explain::ExplainContext context;
  explain::ExperimentReport report;
  explain::ArmSet arms(context, report, 0.001, 0);
  volatile double sink = 0;
  const auto spin = [&sink](int n) {
    for (int i = 0; i < n; ++i) sink = sink + 1;
  };
  const auto a = arms.add("a", [&] { spin(400000); });
  const auto b = arms.add("b", [&] { spin(100000); });
  arms.run();
  const auto difference = arms.difference_ns(a, b);
  EXPECT_GT(difference.low, 0) << "four times the work takes longer";
  EXPECT_LE(difference.low, difference.value);
  EXPECT_LE(difference.value, difference.high);
  EXPECT_GT(arms.ratio(a, b).value, 1.5);
  EXPECT_GE(report.sample_count, 22U);
  EXPECT_EQ(report.samples.size(), 2U);
}

bench::Machine a_machine() {
  bench::Machine machine;
  bench::PeakRow peak;
  peak.threads = 1;
  peak.dtype = "f32";
  peak.gflops = {100, 100, 0};
  machine.peaks.push_back(peak);
  for (const auto& [level, gbps] : {std::pair{"L1", 100.0}, {"L2", 50.0}, {"memory", 10.0}}) {
    bench::BandwidthRow row;
    row.threads = 1;
    row.level = level;
    row.read_gbps = {gbps, gbps, 0};
    row.write_gbps = {gbps / 2, gbps / 2, 0};
    machine.bandwidths.push_back(row);
  }
  return machine;
}

TEST(Prediction, FindsArgumentsInTheLevelThatHoldsWhatWasTouchedSince) {
  kernels::set_threads(1);
  const auto geometry = bench::parse_geometries("a src=1x40x40 conv=16,k5", "test").front();
  bench::BlockSpec spec;
  spec.geometry = geometry;
  spec.op = "maxpool";
  spec.batch = 1;
  const auto work = bench::build_block(spec);  // 6 KB -> 83 KB -> 21 KB
  bench::Topology topology;
  topology.caches = {{1, 32 << 10, 64, 1, 1}, {2, 1 << 20, 64, 1, 1}};
  const auto large = explain::predict_steps(work.steps, a_machine(), topology, 1);
  ASSERT_EQ(large.size(), 2U);
  EXPECT_THAT(large[0].levels, HasSubstr("src L2")) << "touched one pass ago, 112 KB back";
  EXPECT_THAT(large[1].levels, HasSubstr("src L2"));
  EXPECT_DOUBLE_EQ(large[0].lanes, 1) << "16 channels fill vectors of 4, 8 and 16";
  topology.caches = {{1, 1 << 10, 64, 1, 1}};
  const auto small = explain::predict_steps(work.steps, a_machine(), topology, 1);
  EXPECT_THAT(small[1].levels, HasSubstr("src memory"));
  const double bytes = 36 * 36 * 16 * 4, out = bytes / 4;
  EXPECT_NEAR(small[1].traffic_ns, bytes / 10 + out / 5, 1e-6);
  EXPECT_DOUBLE_EQ(small[1].ns(), small[1].traffic_ns + small[1].compute_ns);
  const auto narrow = explain::predict_steps(work.steps, a_machine(), topology, 1, [](int channels, double) {
    EXPECT_EQ(channels, 16);
    return 2.0;
  });
  EXPECT_NEAR(narrow[1].traffic_ns, bytes / 2 + out / 5, 1e-6) << "pooling's loads";
  EXPECT_DOUBLE_EQ(narrow[0].traffic_ns, small[0].traffic_ns) << "not the convolution's";
}

TEST(NarrowRead, IsAPositiveRateForAnyNumberOfChannels) {
  for (const int channels : {1, 6, 16, 17, 40}) {
    const double gbps = bench::narrow_read_gbps(channels, 1e5, 2, 3);
    EXPECT_GT(gbps, 0.001) << channels;
    EXPECT_LT(gbps, 1e5) << channels << ": faster than any cache";
  }
}

TEST(Prediction, CountsTheLanesThatChannelsLeaveEmpty) {
  kernels::set_threads(1);
  bench::BlockSpec spec;
  spec.geometry = bench::parse_geometries("a src=1x40x40 conv=6,k5", "test").front();
  spec.op = "maxpool";
  spec.batch = 1;
  const auto work = bench::build_block(spec);
  const auto steps = explain::predict_steps(work.steps, a_machine(), {}, 1);
  EXPECT_THAT((std::vector<double>{6.0 / 16, 6.0 / 8}), ::testing::Contains(steps[0].lanes));
  EXPECT_NEAR(steps[0].compute_ns, work.steps[0].kernel.cost.flop / (100 * steps[0].lanes), 1e-6);
}

}  // namespace
}  // namespace dsx

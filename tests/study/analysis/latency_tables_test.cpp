// Latency's tables on samples that are made up, and its file.
#include "study/analysis/latency_tables.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "bench/measure/process_interval.hpp"
#include "data/io/files.hpp"
#include "study/analysis/analysis.hpp"
#include "study/analysis/latency_file.hpp"
#include "study/analysis/latency_intervals.hpp"
#include "study/findings/verdicts.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

constexpr int kSamples = 100;

// Process r is r - 1 percent slower than the first; samples are `ms` times 1, 1.001, ..., 1.099.
analysis::LatencySet set_of(const std::string& variant, const std::string& load, int process, double ms) {
  analysis::LatencySet set;
  set.variant = variant;
  set.load = load;
  set.batch = 32;
  set.disturbed = 2;
  set.neighbours = load == "none" ? 0.0 : statistics::kNotEstimable;
  for (int i = 0; i < kSamples; ++i) set.ms.push_back(ms * (1 + 0.01 * (process - 1)) * (1 + 0.001 * i));
  return set;
}

bench::MemoryReading reading_of(double times_slower) {
  bench::MemoryReading reading;
  reading.l2_ns = 4;
  reading.l3_ns = 20 * times_slower;
  reading.memory_ns = 100 * times_slower;
  reading.read_gbps = 12 / times_slower;
  reading.l3_ours_bytes = 6.0 * 1024 * 1024;
  return reading;
}

struct Timed {
  std::vector<analysis::Cell> cells = planted_cells(Planted{});
  analysis::Comparison comparison = analysis::make_comparison(cells, {});
  analysis::Analysis analysis{comparison};
  analysis::LatencyRun run;
  Timed() {
    for (int number = 1; number <= 10; ++number) {
      // The ratio wobbles by a thousandth from process to process.
      const double wobble = number % 2 == 0 ? 1.001 : 1;
      analysis::LatencyProcess process;
      process.wait = "active";
      process.number = number;
      process.start_s = 7 * number % 10;  // not in the order of their numbers
      process.sets = {set_of("avgpool", "none", number, 10), set_of("maxpool", "none", number, 20 * wobble),
                      set_of("avgpool", "memory", number, 15), set_of("maxpool", "memory", number, 60)};
      process.sets[2].reading = process.sets[3].reading = 1;
      process.memory = {reading_of(1), reading_of(1), reading_of(number == 4 ? 2 : 1)};
      run.processes.push_back(process);
    }
    run.threads = 2;
    run.nominal_l3_bytes = 32.0 * 1024 * 1024;
  }
  void make() {
    analysis::add_latency_tables(analysis, run);
    findings::add_verdicts(analysis);
  }
  std::size_t row(const analysis::ResultTable& table, const std::string& variant,
                  const std::string& load) const {
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.text(r, "variant") == variant && table.text(r, "load") == load) return r;
    throw std::logic_error("no such row");
  }
  std::vector<std::string> warnings() const {
    const analysis::ResultTable& table = analysis.results.table("latency_warnings");
    std::vector<std::string> sentences;
    for (std::size_t r = 0; r < table.rows.size(); ++r) sentences.push_back(table.text(r, "sentence"));
    return sentences;
  }
};

TEST(LatencyTables, AMedianAndItsIntervalAreOfProcesses) {
  Timed timed;
  timed.make();
  std::vector<bench::ProcessSamples> processes;
  for (const analysis::LatencyProcess& process : timed.run.processes)
    processes.push_back({process.start_s, process.sets[0].ms});
  const bench::ProcessInterval expected = bench::process_interval(processes);
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  const std::size_t row = timed.row(table, "avgpool", "none");
  EXPECT_DOUBLE_EQ(table.number(row, "median_ms"), expected.value);
  EXPECT_DOUBLE_EQ(table.number(row, "median_low_ms"), expected.low);
  EXPECT_DOUBLE_EQ(table.number(row, "median_high_ms"), expected.high);
  EXPECT_LT(table.number(row, "p99_low_ms"), table.number(row, "p99_ms"));
  EXPECT_EQ(table.number(row, "processes"), 10);
  EXPECT_EQ(table.number(row, "samples"), 10 * kSamples);
  EXPECT_EQ(table.number(row, "disturbed"), 10 * 2);
  EXPECT_EQ(table.number(row, "busy"), 0);
  const analysis::ResultTable& stability = timed.analysis.results.table("latency_stability");
  const std::size_t spread = timed.row(stability, "avgpool", "none");
  EXPECT_NEAR(stability.number(spread, "between_percent"), 100 * expected.between / expected.value, 1e-9);
  EXPECT_DOUBLE_EQ(stability.number(spread, "next_high_ms"), expected.next_high);
  EXPECT_EQ(stability.text(spread, "spread"), bench::spread_sentence(expected));
}

TEST(LatencyTables, QuantilesOfDifferingProcessesAreLessSureThanTheirSamples) {
  std::vector<bench::ProcessSamples> alike, apart;
  for (int process = 0; process < 10; ++process) {
    alike.push_back({double(process), {}});
    apart.push_back({double(process), {}});
    for (int i = 0; i < kSamples; ++i) {
      alike.back().values.push_back(1 + 0.001 * i);
      apart.back().values.push_back((1 + 0.001 * i) * (process % 2 == 0 ? 1 : 1.05));
    }
  }
  const auto width = [](const std::vector<bench::ProcessSamples>& processes) {
    const analysis::QuantileInterval found = analysis::quantile_over_processes(processes, 0.75, 0.95);
    EXPECT_LE(found.low, found.value);
    EXPECT_LE(found.value, found.high);
    return found.high - found.low;
  };
  EXPECT_GT(width(apart), 3 * width(alike));
  EXPECT_TRUE(std::isnan(analysis::quantile_over_processes({alike[0]}, 0.75, 0.95).low)) << "one process";
}

TEST(LatencyTables, SayFirstThatProcessesDifferAndWhatMemoryDid) {
  Timed timed;
  for (analysis::LatencyProcess& process : timed.run.processes)
    for (double& ms : process.sets[1].ms) ms *= process.number % 2 == 0 ? 1.4 : 1;
  timed.make();
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(timed.warnings(),
              testing::ElementsAre(AllOf(HasSubstr("Most for maxpool, batch of 32, spinning"),
                                         HasSubstr("most of the spread is between processes")),
                                   AllOf(HasSubstr("2.0 times slower than in its fastest quarter"),
                                         HasSubstr("of the L3's nominal 32 MiB about 6.0 MiB are ours"))));
  const analysis::ResultTable& processes = timed.analysis.results.table("latency_processes");
  for (std::size_t r = 0; r < processes.rows.size(); ++r)
    EXPECT_EQ(processes.number(r, "unlike"),
              processes.number(r, "process") == 4 && processes.text(r, "load") == "memory")
        << "only the samples before that reading";
  EXPECT_EQ(timed.analysis.results.table("latency_memory").rows.size(), 30U);
}

TEST(LatencyTables, SayHowManyInputsWereSkipped) {
  Timed without, with;
  without.make();
  EXPECT_THAT(without.analysis.results.notes, testing::Not(testing::Contains(testing::HasSubstr("skips"))));
  for (analysis::LatencyProcess& process : with.run.processes)
    for (analysis::LatencySet& set : process.sets)
      set.zeros = {{"fc1", set.variant == "avgpool" ? 0.25 : 0.5}};
  with.make();
  EXPECT_THAT(with.analysis.results.notes,
              testing::Contains(testing::HasSubstr("fc1 skips the inputs that a ReLU made 0, here 25% for "
                                                   "avgpool, 50% for maxpool")));
}

TEST(LatencyTables, TooFewSamplesHaveNoEndForTheirTail) {
  Timed timed;
  for (analysis::LatencyProcess& process : timed.run.processes)
    for (analysis::LatencySet& set : process.sets) set.ms.resize(5);
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  const std::size_t row = timed.row(table, "avgpool", "none");
  EXPECT_TRUE(
      std::isnan(table.number(row, "p99_high_ms")));  // 50 samples: their share below may be off by .03
  EXPECT_TRUE(std::isfinite(table.number(row, "median_high_ms")));
}

TEST(LatencyTables, RatiosAndSlowdownsComeFromTheProcesses) {
  Timed timed;
  timed.make();
  const analysis::ResultTable& load = timed.analysis.results.table("latency_load");
  EXPECT_NEAR(load.number(timed.row(load, "maxpool", "memory"), "value"), 3, 0.01);
  const analysis::ResultTable& ratio = timed.analysis.results.table("latency_ratio");
  ASSERT_EQ(ratio.text(0, "variant_a"), "maxpool");
  ASSERT_EQ(ratio.text(0, "load"), "memory");
  // No process differs, so there is no interval to give.
  EXPECT_FALSE(ratio.text(0, "not_estimable").empty());
  EXPECT_NEAR(ratio.number(1, "value"), 2.001, 1e-9);
  EXPECT_NEAR(ratio.number(1, "low"), 2, 1e-9);
  EXPECT_NEAR(ratio.number(1, "high"), 2.002, 1e-9);
  EXPECT_LT(ratio.number(1, "p"), 0.002);
  EXPECT_THAT(ratio.text(1, "method"), testing::HasSubstr("over 10 processes"));
  const analysis::ResultTable& verdicts = timed.analysis.results.table("verdicts");
  bool found = false;
  for (std::size_t r = 0; r < verdicts.rows.size(); ++r)
    found |= verdicts.text(r, "sentence")
                 .starts_with(
                     "maxpool is slower than avgpool per batch of 32 (spinning) by a "
                     "factor of 2.00 (2.00 to 2.00), p < .001");
  EXPECT_TRUE(found);
}

TEST(LatencyTables, ABusyMachineIsSaidSo) {
  Timed timed;
  timed.run.processes.front().sets.front().neighbours = 0.4;
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  EXPECT_EQ(table.number(timed.row(table, "avgpool", "none"), "busy"), 1);
  EXPECT_THAT(timed.analysis.results.notes.back(), ::testing::HasSubstr("THE MACHINE WAS BUSY"));
}

TEST(LatencyTables, SetWorkBesideTimeForEveryOperatorSizeAndEngine) {
  EXPECT_EQ(analysis::latency_grid_sizes(320), (std::vector<int>{80, 160, 240, 320}));
  EXPECT_EQ(analysis::latency_grid_sizes(64), (std::vector<int>{32, 48, 64}));
  EXPECT_EQ(analysis::latency_grid_sizes(16), (std::vector<int>{16}));
  Timed timed;
  for (const int number : {1, 2}) {
    analysis::LatencyProcess grid;
    grid.wait = "active";
    grid.number = number;
    grid.grid = {{"strided", "fused", 64, 32, 5, {1, 1, 1}},
                 {"avgpool", "primitives", 64, 32, 20, {3.0 + number, 9, 2}}};
    grid.grid_neighbours = number == 1 ? 0.5 : 0;
    timed.run.processes.push_back(grid);
  }
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("flops_latency");
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.text(0, "variant"), "avgpool") << "in order, not as they were measured";
  EXPECT_EQ(table.number(0, "mflop"), 20);
  EXPECT_EQ(table.number(0, "median_ms"), 4.5) << "of the processes' medians";
  EXPECT_EQ(table.number(1, "busy"), 1) << "others used half of the CPUs";
}

struct Stored {
  std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "latency_tables_test.json";
  analysis::LatencyRequest request;
  Stored() { request.variants = {"avgpool", "maxpool"}; }
  ~Stored() { std::filesystem::remove(path); }
};

TEST(LatencyFile, IsReadAsItWasWritten) {
  Stored stored;
  Timed timed;
  timed.run.processes[0].sets[0].zeros = {{"fc1", 0.5}};
  analysis::write_latency_file(stored.path, stored.request, timed.run);
  analysis::LatencyRun back;
  ASSERT_TRUE(analysis::read_latency_file(stored.path, stored.request, back));
  EXPECT_FALSE(back.of_one_process);
  EXPECT_EQ(back.nominal_l3_bytes, timed.run.nominal_l3_bytes);
  ASSERT_EQ(back.processes.size(), 10U);
  EXPECT_EQ(back.processes[3].start_s, timed.run.processes[3].start_s);
  EXPECT_EQ(back.processes[3].memory[2].memory_ns, 200);
  EXPECT_EQ(back.processes[0].sets[0].zeros.at("fc1"), 0.5);
  EXPECT_EQ(back.processes[0].sets[2].reading, 1U);
  EXPECT_TRUE(std::isnan(back.processes[0].sets[2].neighbours));
  EXPECT_EQ(back.processes[9].sets[3].ms, timed.run.processes[9].sets[3].ms);
  stored.request.variants = {"avgpool", "strided"};
  EXPECT_FALSE(analysis::read_latency_file(stored.path, stored.request, back)) << "of other networks";
}

TEST(LatencyFile, OfAnEarlierVersionIsOfOneProcess) {
  Stored stored;
  analysis::write_latency_file(stored.path, stored.request, {});
  const auto bytes = data::read_file(stored.path);
  std::string text(bytes.begin(), bytes.end());
  const auto replace = [&](const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << text;
    text.replace(at, from.size(), to);
  };
  replace("\"version\":2", "\"version\":1");
  std::string sets;
  for (int repeat = 1; repeat <= 5; ++repeat)
    for (const char* variant : {"avgpool", "maxpool"})
      sets += std::string(sets.empty() ? "" : ",") + R"({"variant":")" + variant +
              R"(","wait":"active","load":"none","batch":32,"repeat":)" + std::to_string(repeat) +
              R"(,"disturbed":0,"neighbours":0.01,"ms":[)" + std::to_string(10 + repeat) + ",11,12]}";
  replace("\"processes\":[]",
          "\"sets\":[" + sets +
              R"(],"grid_neighbours":0,"grid":[{"variant":"avgpool","engine":"fused","size":64,)" +
              R"("batch":32,"mflop":5,"median_ms":3,"low_ms":2.9,"high_ms":3.1,"samples":9}])");
  data::write_file_atomically(stored.path, text);
  Timed timed;
  timed.run = {};
  ASSERT_TRUE(analysis::read_latency_file(stored.path, stored.request, timed.run));
  EXPECT_TRUE(timed.run.of_one_process);
  timed.make();
  EXPECT_THAT(timed.warnings(),
              testing::Contains(testing::HasSubstr("of one process for each way of waiting")));
  EXPECT_EQ(timed.analysis.results.table("latency_processes").rows.size(), 10U);
  const analysis::ResultTable& grid = timed.analysis.results.table("flops_latency");
  EXPECT_EQ(grid.number(0, "median_ms"), 3);
  EXPECT_TRUE(std::isnan(grid.number(0, "median_low_ms"))) << "one process shows no spread";
}

}  // namespace
}  // namespace dsx

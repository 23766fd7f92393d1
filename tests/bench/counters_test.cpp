// Counters of all threads. Hardware counters are seldom there on test machines: the way they are opened,
// grouped and summed is tested with software events, whose true counts are known.
#include "bench/measure/counters.hpp"

#include <gmock/gmock.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "bench/measure/measure.hpp"
#include "bench/measure/perf_events.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

// Touches `pages` pages that nobody has touched before.
void fault(int pages) {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto bytes = size * static_cast<std::size_t>(pages);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < bytes; i += size) static_cast<volatile char*>(memory)[i] = 1;
  munmap(memory, bytes);
}

// A thread that does what it is told when it is told, as OpenMP's workers do.
class Worker {
 public:
  Worker() : thread_([this] { loop(); }) {
    while (!ready_) std::this_thread::yield();
  }
  ~Worker() {
    pages_ = -1;
    thread_.join();
  }
  void fault_pages(int pages) {
    pages_ = pages;
    while (pages_ != 0) std::this_thread::yield();
  }

 private:
  void loop() {
    ready_ = true;
    for (int pages = 0; pages >= 0; pages = pages_) {
      if (pages > 0) {
        fault(pages);
        pages_ = 0;
      }
      std::this_thread::yield();
    }
  }
  std::atomic<bool> ready_ = false;
  std::atomic<int> pages_ = 0;
  std::thread thread_;
};

std::vector<bench::PerfEvent> faults_and_clock() {
  return {{PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 0, false, ""},
          {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 0, false, ""},
          {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, 1, false, ""}};
}

TEST(PerfEvents, CountWhatThreadsDoThatWereThereBefore) {
  Worker worker;
  bench::PerfEvents events(faults_and_clock());
  if (!events.not_available(0).empty()) GTEST_SKIP() << events.not_available(0);
  EXPECT_EQ(events.threads(), static_cast<int>(bench::thread_ids().size()));
  const auto before = events.read();
  worker.fault_pages(1000);
  const auto after = events.read();
  EXPECT_GE(after[0].count - before[0].count, 1000);
  EXPECT_LT(after[0].count - before[0].count, 1100) << "counted twice";
  EXPECT_GT(after[1].count, before[1].count) << "the group's second event";
  EXPECT_EQ(after[2].count - before[2].count, after[0].count - before[0].count) << "a group of its own";
  EXPECT_EQ(after[0].wanted_ns, after[0].running_ns) << "software events need no register";
}

TEST(PerfEvents, FollowThreadsThatComeAndGo) {
  bench::PerfEvents events(faults_and_clock());
  if (!events.not_available(0).empty()) GTEST_SKIP() << events.not_available(0);
  const int at_first = events.threads();
  double with_worker = 0;
  {
    Worker worker;
    events.follow_threads();
    EXPECT_EQ(events.threads(), at_first + 1);
    worker.fault_pages(500);
    with_worker = events.read()[0].count;
    EXPECT_GE(with_worker, 500);
  }
  events.follow_threads();
  EXPECT_EQ(events.threads(), at_first);
  EXPECT_GE(events.read()[0].count, with_worker) << "what an ended thread counted stays";
}

TEST(PerfEvents, LeaveOutOneEventAndKeepItsGroup) {
  auto wanted = faults_and_clock();
  wanted[0] = {PERF_TYPE_RAW, 0xffffffffffff, 0, false, ""};  // its group's leader
  wanted[2].not_available = "told beforehand";
  bench::PerfEvents events(wanted);
  EXPECT_NE(events.not_available(0), "");
  EXPECT_EQ(events.not_available(2), "told beforehand");
  if (!events.not_available(1).empty()) GTEST_SKIP() << events.not_available(1);
  fault(100);
  EXPECT_GT(events.read()[1].count, 0);
}

TEST(PerfReason, SaysWhatIsWrongAndHowToChangeIt) {
  bench::PerfFacts facts;
  facts.paranoid = 3;
  EXPECT_THAT(bench::perf_reason(EACCES, true, false, facts), HasSubstr("kernel.perf_event_paranoid is 3"));
  EXPECT_THAT(bench::perf_reason(EPERM, true, false, facts),
              HasSubstr("sysctl kernel.perf_event_paranoid=2"));
  EXPECT_THAT(bench::perf_reason(EACCES, false, true, facts),
              HasSubstr("sysctl kernel.perf_event_paranoid=1"));
  facts.paranoid = 1;
  facts.seccomp = true;
  EXPECT_THAT(bench::perf_reason(EPERM, true, false, facts), HasSubstr("seccomp"));
  EXPECT_THAT(bench::perf_reason(ENOSYS, true, false, facts), HasSubstr("seccomp"));
  facts.seccomp = false;
  EXPECT_THAT(bench::perf_reason(EPERM, true, false, facts), HasSubstr("security policy"));
  EXPECT_EQ(bench::perf_reason(ENOENT, true, false, facts), "this CPU has no such hardware counter");
  facts.virtualized = true;
  EXPECT_THAT(bench::perf_reason(ENOENT, true, false, facts), HasSubstr("gives it no PMU"));
  facts.has_cpu_pmu = true;
  EXPECT_THAT(bench::perf_reason(EOPNOTSUPP, true, false, facts), HasSubstr("no such hardware counter"));
  EXPECT_THAT(bench::perf_reason(EMFILE, true, false, facts), HasSubstr("ulimit -n"));
  facts.paranoid = bench::PerfFacts::kNoPerf;
  EXPECT_THAT(bench::perf_reason(EPERM, true, false, facts), HasSubstr("this kernel has no perf_event_open"));
}

TEST(Counters, HaveARowForEachNameWithAValueOrAReason) {
  bench::Counters counters;
  counters.start();
  const auto reading = counters.stop();
  ASSERT_EQ(reading.rows.size(), bench::counter_names().size());
  for (std::size_t i = 0; i < reading.rows.size(); ++i) {
    const auto& row = reading.rows[i];
    EXPECT_EQ(row.name, bench::counter_names()[i]);
    EXPECT_FALSE(row.source.empty()) << row.name;
    EXPECT_EQ(reading.value(row.name).has_value(), row.not_available.empty()) << row.name;
  }
  EXPECT_EQ(reading.find("furlongs"), nullptr);
  EXPECT_FALSE(reading.value("furlongs"));
}

TEST(Counters, HaveTheSystemsCountsOfAllThreadsOnEveryMachine) {
  Worker worker;
  bench::Counters counters;
  counters.start();
  worker.fault_pages(1000);
  fault(500);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto reading = counters.stop();
  for (const char* name : {"task_clock", "minor_faults", "major_faults", "voluntary_switches",
                           "involuntary_switches", "cpu_migrations"}) {
    ASSERT_TRUE(reading.value(name)) << name << reading.find(name)->not_available;
  }
  EXPECT_GE(*reading.value("minor_faults"), 1500);
  EXPECT_LT(*reading.value("minor_faults"), 1700);
  EXPECT_GE(*reading.value("voluntary_switches"), 1) << "it slept";
  EXPECT_GT(*reading.value("task_clock"), 0);
  EXPECT_GT(reading.wall_ns, 1e6);
}

// Where a processor counts, its figures must make sense; elsewhere the reason was tested above.
TEST(Counters, CountInstructionsOfEveryThread) {
  bench::Counters counters;
  const auto spin = [] {
    for (int i = 0; i < 10'000'000; ++i) __asm__ volatile("");
  };
  std::atomic<int> turn = 0;
  std::thread worker([&] {
    while (turn == 0) std::this_thread::yield();
    spin();
    turn = 2;
    while (turn == 2) std::this_thread::yield();
  });
  counters.start();
  turn = 1;
  while (turn == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto reading = counters.stop();
  turn = 3;
  worker.join();
  if (!reading.value("instructions")) GTEST_SKIP() << reading.find("instructions")->not_available;
  EXPECT_GT(*reading.value("instructions"), 2e7);
  EXPECT_GT(*reading.value("cycles"), 1e6);
}

TEST(Counters, RefuseToStopBeforeTheyStart) {
  bench::Counters counters;
  EXPECT_THROW(counters.stop(), std::logic_error);
}

bench::CounterReading made_up(double count, double wanted_ns, double running_ns) {
  bench::CounterReading reading;
  reading.rows = {{"cycles", 0, "perf_event_open", "", 1}};
  reading.raw = {{count, wanted_ns, running_ns}};
  reading.intervals = 1;
  return reading;
}

TEST(CounterReading, ExtrapolatesSumsOfMultiplexedCounters) {
  auto sum = made_up(100, 10, 5);
  sum += made_up(500, 30, 15);
  EXPECT_EQ(sum.intervals, 2);
  EXPECT_DOUBLE_EQ(*sum.value("cycles"), 1200);  // 600 in 20 of 40 ns
  EXPECT_DOUBLE_EQ(sum.rows[0].counted_share, 0.5);
}

TEST(CounterReading, SaysWhenACounterNeverHadItsTurnAndForgetsItWhenItHad) {
  bench::CounterReading sum;
  sum += made_up(0, 10, 0);
  sum += made_up(0, 10, 0);
  EXPECT_FALSE(sum.value("cycles"));
  EXPECT_THAT(sum.rows[0].not_available, HasSubstr("never had its turn"));
  sum += made_up(50, 20, 20);
  ASSERT_TRUE(sum.value("cycles"));
  EXPECT_DOUBLE_EQ(*sum.value("cycles"), 100);
}

TEST(CounterReading, KeepsAReasonInItsSum) {
  auto first = made_up(1, 1, 1), second = made_up(1, 1, 1);
  second.rows[0].not_available = "forbidden";
  first += second;
  EXPECT_FALSE(first.value("cycles"));
  EXPECT_EQ(first.rows[0].not_available, "forbidden");
}

TEST(Measure, CountsDuringTheTimedSamplesAndNotAroundThem) {
  bench::Counters counters;
  bench::MeasureOptions options;
  options.warmup_runs = 2;
  options.min_rounds = options.max_rounds = 5;
  options.min_time_s = 0;
  options.counters = &counters;
  const bench::Arm arm{"faults", [] { fault(200); }, [] { fault(1000); }};
  const auto result = bench::measure({arm}, options)[0];
  EXPECT_EQ(result.counters.intervals, 5);
  EXPECT_GE(*result.counters.value("minor_faults"), 5 * 200);
  EXPECT_LT(*result.counters.value("minor_faults"), 5 * 400) << "the preparation was counted";
}

TEST(Measure, CountsNothingUnlessAsked) {
  bench::MeasureOptions options;
  options.min_rounds = options.max_rounds = 1;
  options.min_time_s = 0;
  EXPECT_TRUE(bench::measure({{"a", [] {}, {}}}, options)[0].counters.rows.empty());
}

}  // namespace
}  // namespace dsx

// The real programs under what clusters, containers and users put into the environment: OpenMP's variables,
// CPU masks, limits of processes, oneDNN's modes, and a machine with other work.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <nlohmann/json.hpp>

#include "kernels/base/cpus.hpp"
#include "kernels/onednn/context.hpp"
#include "tests/program/study_images.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Variables = std::vector<std::pair<const char*, const char*>>;

// Only these of OpenMP's variables are set in the child.
std::function<void()> only(Variables variables) {
  return [variables = std::move(variables)] {
    for (const char* name : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "OMP_NUM_THREADS",
                             "OMP_THREAD_LIMIT", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})
      ::unsetenv(name);
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
  };
}

// And waiting that does not stretch the test on a busy machine.
std::function<void()> under(Variables variables) {
  variables.emplace_back("OMP_WAIT_POLICY", "passive");
  return only(std::move(variables));
}

void keep_first_cpu() {
  cpu_set_t before, one;
  sched_getaffinity(0, sizeof before, &before);
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before) != 0) CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

Words without(Words words, const std::string& flag) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == flag)
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                  words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
  return words;
}

const Words kQuick = split_words("--latency-only --size 32 --batch 4 --latency-iterations 5 --progress none");

class StudyEnvironment : public ProgramTest {
 protected:
  // The end of the line "2 threads on 2 CPUs; run ...".
  void expect_threads(const Finished& done, int threads, int cpus) const {
    const auto text = [](int n, const char* what) {
      return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr(text(threads, "thread") + " on " + text(cpus, "CPU") + "; run"))
        << done.err;
  }
  Finished quick(const Variables& variables, const Words& more = {}) const {
    return run("study", kQuick + more, under(variables));
  }
  const int cpus_ = usable_cpus();
};

TEST_F(StudyEnvironment, CpusAreThoseOfTheProcessWhereOpenMpBindsThreads) {
  for (const Variables& variables :
       {Variables{{"OMP_PROC_BIND", "true"}}, Variables{{"OMP_PROC_BIND", "spread"}},
        Variables{{"OMP_PROC_BIND", "close"}, {"OMP_PLACES", "cores"}}}) {
    const Finished done = quick(variables);
    expect_threads(done, cpus_, cpus_);
    EXPECT_EQ(done.err, "");
  }
}

TEST_F(StudyEnvironment, CpusAreThoseThatTasksetLeaves) {
  for (const Variables& variables : {Variables{}, Variables{{"OMP_PROC_BIND", "true"}}})
    expect_threads(run("study", kQuick,
                       [&] {
                         under(variables)();
                         keep_first_cpu();
                       }),
                   1, 1);
}

TEST_F(StudyEnvironment, ATeamFitsThePlacesItIsKeptTo) {
  if (cpus_ < 2) GTEST_SKIP() << "needs two CPUs";
  const std::string first = std::to_string(allowed_cpus().front());
  const std::string place = "{" + first + "}";
  const Finished done = quick({{"OMP_PLACES", place.c_str()}});
  expect_threads(done, 1, cpus_);
  EXPECT_THAT(done.err, HasSubstr("OMP_PLACES=" + place + " leaves OpenMP 1 of the"));
}

TEST_F(StudyEnvironment, OmpNumThreadsIsTheDefaultAndSaid) {
  const Finished done = quick({{"OMP_NUM_THREADS", "1"}});
  expect_threads(done, 1, cpus_);
  EXPECT_EQ(done.err, "study: OMP_NUM_THREADS=1: 1 thread (--threads overrides it)\n");
  if (cpus_ < 2) return;
  const Finished flag = quick({{"OMP_NUM_THREADS", "1"}}, {"--threads", "2"});
  expect_threads(flag, 2, cpus_);
  EXPECT_EQ(flag.err, "");
}

TEST_F(StudyEnvironment, ATeamIsAsLargeAsItReallyIs) {
  if (cpus_ < 2) GTEST_SKIP() << "needs two CPUs";
  for (const Variables& variables :
       {Variables{{"OMP_THREAD_LIMIT", "1"}}, Variables{{"OMP_MAX_ACTIVE_LEVELS", "0"}}}) {
    const std::string reason = std::string(variables[0].first) + "=" + variables[0].second;
    const Finished done = quick(variables, {"--threads", "2"});
    expect_threads(done, 1, cpus_);
    EXPECT_THAT(done.err, HasSubstr("OpenMP gives 1 of 2 threads: " + reason));
    const Finished refused = run(
        "bench_ops", split_words("--threads=2 --no-roofline --benchmark_filter=nothing"), under(variables));
    EXPECT_EQ(refused.code, 5) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("OpenMP gives 1 thread where 2 are asked for: " + reason));
  }
  expect_threads(quick({{"OMP_DYNAMIC", "true"}}), cpus_, cpus_);
}

// As another user, since root has no limit, who may still read the program wherever it lies. 77: not
// possible.
std::function<void()> with_processes(rlim_t count) {
  return [count] {
    constexpr uid_t kOther = 54322;
    if (::geteuid() == 0) {
      ::setenv("HOME", "/tmp", 1);
      ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
      if (::setuid(kOther) != 0) ::_exit(77);
      __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
      __user_cap_data_struct data[2] = {};
      data[0].effective = data[0].permitted = data[0].inheritable = 1U << CAP_DAC_OVERRIDE;
      if (::syscall(SYS_capset, &head, data) != 0 ||
          ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) != 0)
        ::_exit(77);
    }
    const rlimit limit{count, count};
    ::setrlimit(RLIMIT_NPROC, &limit);
  };
}

TEST_F(StudyEnvironment, ALimitOfProcessesEndsInOneLine) {
  fs::permissions(folder_, fs::perms::all);  // root's folder, and the program runs as somebody else
  const Finished done = run("study", with(tiny(), "--threads", "2"), with_processes(1));
  if (done.code == 77 || done.code == 127 || done.code == 0)
    GTEST_SKIP() << "the program cannot be run under such a limit from here";
  EXPECT_EQ(done.code, 5) << done.err;
  EXPECT_THAT(done.err, HasSubstr("ulimit -u 1"));
  EXPECT_THAT(done.err, HasSubstr("study: error: no thread for prefetching images could be started"));
  EXPECT_THAT(done.err, Not(HasSubstr("libgomp")));
}

TEST_F(StudyEnvironment, HelperThreadsAreNotBoundToOneCpu) {
  if (cpus_ < 2) GTEST_SKIP() << "needs two CPUs";
  Words words = without(tiny(), "--threads");
  words = with(words, "--epochs", "500");
  Running training(folder_, "study", words, under({{"OMP_PROC_BIND", "true"}}));
  ASSERT_TRUE(training.wait_for("epoch 2/500"));
  std::size_t widest = 0, threads = 0;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(training.pid()) + "/task")) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(std::stoi(task.path().filename()), sizeof set, &set) != 0) continue;
    ++threads;
    widest = std::max(widest, static_cast<std::size_t>(CPU_COUNT(&set)));
  }
  EXPECT_GT(threads, 2U) << "OpenMP's, and the one that prefetches";
  EXPECT_EQ(widest, allowed_cpus().size());
}

TEST_F(StudyEnvironment, CellsOfAComparisonHaveAllCpus) {
  const Words words = split_words(
      "compare --variants strided --seeds 1 --label-noise 0 --out cmp --no-latency --no-shift --no-page "
      "--size 32 "
      "--epochs 1 "
      "--synthetic-train 64 --synthetic-val 32 --synthetic-test 32 --batch 16 --progress none --resamples "
      "100");
  const Finished done = run("study", words, under({{"OMP_PROC_BIND", "true"}}));
  ASSERT_EQ(done.code, 0) << done.err;
  std::size_t cells = 0;
  for (const auto& cell : fs::directory_iterator(folder_ / "cmp/cells")) {
    ++cells;
    EXPECT_EQ(summary_of(cell.path())["threads"]["cpus"], cpus_) << cell.path();
  }
  EXPECT_EQ(cells, 1U);
}

TEST_F(StudyEnvironment, OneDnnsVerboseLinesDoNotReachStdout) {
  const Variables verbose{{"ONEDNN_VERBOSE", "2"}, {"ONEDNN_DEFAULT_FPMATH_MODE", "BF16"}};
  const Finished plan = run("study", {"plan", "--json", "--size", "32"}, under(verbose));
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_FALSE(nlohmann::json::parse(plan.out, nullptr, false).is_discarded()) << plan.out;
  EXPECT_THAT(plan.err, HasSubstr("onednn_verbose,"));
  EXPECT_THAT(plan.err, HasSubstr("ONEDNN_DEFAULT_FPMATH_MODE=BF16 is not followed"));
  const Finished bench = run("bench_ops",
                             split_words("--op=avgpool --unit=op --batch=1 --no-roofline --threads=1 "
                                         "--engine=primitives --benchmark_filter=block1.*inference "
                                         "--benchmark_min_time=0.01 --benchmark_format=json"),
                             under(verbose));
  EXPECT_EQ(bench.code, 0) << bench.err;
  EXPECT_FALSE(nlohmann::json::parse(bench.out, nullptr, false).is_discarded()) << bench.out;
  EXPECT_THAT(bench.err, AllOf(HasSubstr("onednn_verbose,"), Not(HasSubstr("fpmath:bf16"))));
  EXPECT_EQ(run("study", {"plan", "--size", "32", "--threads", "1"}, under(verbose)).out,
            run("study", {"plan", "--size", "32", "--threads", "1"}, under({})).out);
}

TEST_F(StudyEnvironment, AResumeWithOtherKernelsIsRefused) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "a"}).code, 0);
  const fs::path run_folder = folder_ / "results/runs/a";
  const std::string before = slurp(run_folder / "last.h5");
  const Words resume{"--resume", "results/runs/a", "--epochs", "4", "--progress", "none"};
  const Finished done = run("study", resume, under({{"ONEDNN_MAX_CPU_ISA", "SSE41"}}));
  if (kernels::onednn_info().effective_isa == "sse41") GTEST_SKIP() << "this CPU has no other kernels";
  EXPECT_EQ(done.code, 2) << done.err;
  EXPECT_THAT(done.err, AllOf(HasSubstr("ONEDNN_MAX_CPU_ISA=SSE41"), HasSubstr("start a new run")));
  EXPECT_EQ(slurp(run_folder / "last.h5"), before);
  const Finished same = run("study", resume, under({}));
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("epoch 4/4"));
}

TEST_F(StudyEnvironment, TrainingWaitsBrieflyAndLatencyAsItIsTold) {
  const auto waiting = [&](const Words& words, const Variables& variables, const std::string& name) {
    const Finished done = run("study", words + Words{"--name", name}, only(variables));
    EXPECT_EQ(done.code, 0) << done.err;
    return summary_of(folder_ / "results/runs" / name)["environment"].value("openmp_waiting", "");
  };
  EXPECT_THAT(waiting(tiny(), {}, "a"), StartsWith("brief (GOMP_SPINCOUNT="));
  EXPECT_EQ(waiting(tiny(), {{"OMP_WAIT_POLICY", "active"}}, "b"), "active");
  EXPECT_EQ(waiting(kQuick + Words{"--threads", "1"}, {}, "c"), "by default");
  EXPECT_EQ(waiting(kQuick, {{"OMP_WAIT_POLICY", "passive"}}, "d"), "passive");
  EXPECT_EQ(summary_of(folder_ / "results/runs/a")["best"], summary_of(folder_ / "results/runs/b")["best"]);
}

// Processes that keep every CPU busy.
class BusyMachine {
 public:
  BusyMachine() {
    for (int i = 0; i < 2 * usable_cpus(); ++i) {
      children_.push_back(::fork());
      if (children_.back() == 0)
        for (;;) __asm__ volatile("");
    }
  }
  ~BusyMachine() {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  BusyMachine(const BusyMachine&) = delete;
  BusyMachine& operator=(const BusyMachine&) = delete;

 private:
  std::vector<pid_t> children_;
};

TEST_F(StudyEnvironment, ABusyMachineIsNoticedOnce) {
  if (cpus_ < 2) GTEST_SKIP() << "needs two CPUs";
  const BusyMachine machine;
  const Words words = with(with(without(tiny(), "--threads"), "--epochs", "60"), "--synthetic-train", "256");
  const Finished done = run("study", words + Words{"--latency", "false"}, only({}));
  EXPECT_EQ(done.code, 0) << done.err;
  const auto first = done.err.find("other work took");
  EXPECT_NE(first, std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("other work took", first + 1), std::string::npos) << done.err;
}

TEST_F(StudyEnvironment, WhatThisCpuOrTheseDataLackIsOneLine) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "a"}).code, 0);
  write_class_folders(folder_ / "set", "OTHER", 2, "i");
  const Finished bf16 = run("study", {"predict", "results/runs/a", "set", "--dtype", "bf16"},
                            under({{"ONEDNN_MAX_CPU_ISA", "AVX2"}}));
  EXPECT_EQ(bf16.code, 5) << bf16.err;
  EXPECT_THAT(bf16.err, HasSubstr("study: error: bf16: this CPU has no arithmetic for it"));
  EXPECT_EQ(std::count(bf16.err.begin(), bf16.err.end(), '\n'), 1) << bf16.err;
  write_class_folders(folder_ / "one", "OTHER", 1, "person1_");
  const Finished issues = run("study", {"data", "issues", "one", "--size", "32", "--progress", "none"});
  EXPECT_EQ(issues.code, 3) << issues.err;
  EXPECT_THAT(issues.err, HasSubstr("of one subject"));
  EXPECT_EQ(std::count(issues.err.begin(), issues.err.end(), '\n'), 1) << issues.err;
  const Finished flag = run("study", {"compare", "--latency-iterations", "5"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_THAT(flag.err, AllOf(HasSubstr("--latency-iterations is a flag of `study`"),
                              HasSubstr("--latency-seconds"), Not(HasSubstr("--lr"))));
}

}  // namespace
}  // namespace dsx

// The CPUs of the process, whatever OpenMP bound this thread to; control groups' quotas from made-up trees;
// helper threads and what becomes of them at a limit of processes.
#include "kernels/base/cpus.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "kernels/base/cgroup.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Variables that make OpenMP bind threads, taken out for as long as this lives.
class NoBinding {
 public:
  NoBinding() {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (const char* value = std::getenv(kNames[i])) before_[i] = value;
      ::unsetenv(kNames[i]);
    }
  }
  ~NoBinding() {
    for (std::size_t i = 0; i < kNames.size(); ++i)
      before_[i] ? ::setenv(kNames[i], before_[i]->c_str(), 1) : ::unsetenv(kNames[i]);
  }
  NoBinding(const NoBinding&) = delete;
  NoBinding& operator=(const NoBinding&) = delete;

 private:
  static constexpr std::array<const char*, 4> kNames{"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY",
                                                     "KMP_AFFINITY"};
  std::array<std::optional<std::string>, 4> before_;
};

// This thread on one CPU, as OpenMP leaves the first one.
class OnOneCpu {
 public:
  explicit OnOneCpu(int cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(cpu), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OnOneCpu() { sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

 private:
  cpu_set_t before_{};
};

int cpus_of_thread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return CPU_COUNT(&set);
}

TEST(Cpus, AreThoseThatTheProcessWasStartedWithWhenOpenMpBinds) {
  const NoBinding clean;
  const std::vector<int> all = allowed_cpus();
  ASSERT_FALSE(all.empty());
  const OnOneCpu bound(all.back());
  EXPECT_THAT(allowed_cpus(), ElementsAre(all.back())) << "taskset -p of a running process";
  ::setenv("OMP_PROC_BIND", "true", 1);
  EXPECT_EQ(allowed_cpus(), all);
  EXPECT_EQ(cpus_of_thread(), 1) << "looking does not unbind";
}

TEST(Cpus, OfHelperThreadsAreAllOfTheProcess) {
  const NoBinding clean;
  const auto all = static_cast<int>(allowed_cpus().size());
  const OnOneCpu bound(allowed_cpus().front());
  ::setenv("OMP_PLACES", "cores", 1);
  int seen = 0;
  start_thread("looking", [&] { seen = cpus_of_thread(); }).join();
  EXPECT_EQ(seen, all);
  EXPECT_EQ(cpus_of_thread(), 1);
}

TEST(Cpus, UsualThreadCountsEndWithTheMost) {
  EXPECT_THAT(usual_thread_counts(1), ElementsAre(1));
  EXPECT_THAT(usual_thread_counts(6), ElementsAre(1, 2, 4, 6));
}

class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / ("cgroups_" + std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void mount(const std::string& lines, const std::string& groups) const {
    write("proc/self/mountinfo", lines);
    write("proc/self/cgroup", groups);
  }
  fs::path root_;
};

TEST_F(Cgroups, WithoutAnyThereIsNoLimit) { EXPECT_EQ(cgroup_cpu_limit(root_), 0); }

TEST_F(Cgroups, VersionTwoTakesTheTightestUpToTheRoot) {
  mount("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
        "0::/user.slice/job.scope\n");
  write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), 0);
  write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_), 1.5);
  write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "40000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_), 0.4);
}

TEST_F(Cgroups, VersionOneWhereverItIsMounted) {
  mount(
      "33 31 0:30 / /cg/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
      "34 31 0:31 / /cg/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
      "41 31 0:38 / /cg/unified rw,relatime - cgroup2 cgroup2 rw\n",
      "3:cpuset:/elsewhere\n2:cpu,cpuacct:/docker/1f2\n0::/\n");
  write("cg/cpu,cpuacct/docker/1f2/cpu.cfs_period_us", "50000\n");
  write("cg/cpu,cpuacct/docker/1f2/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cpu_limit(root_), 0) << "no quota";
  write("cg/cpu,cpuacct/docker/1f2/cpu.cfs_quota_us", "125000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_), 2.5);
}

TEST_F(Cgroups, InAContainerThatSeesTheHostsPathTheMountIsItsGroup) {
  mount("33 31 0:30 /docker/1f2 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", "2:cpu:/docker/1f2\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_), 3);
}

TEST(Workers, ShareOutAllOfTheWork) {
  std::atomic<int> next = 0, sum = 0;
  run_workers(3, [&](int) {
    for (int i = next++; i < 100; i = next++) sum += i;
  });
  EXPECT_EQ(sum, 4950);
}

// In a child without rights, since root is not limited. 0: as it should be.
int at_the_limit(const std::function<int()>& test) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kOther = 54321;  // whose only process this is
    if (::geteuid() == 0 && ::setuid(kOther) != 0) ::_exit(77);
    const rlimit limit{1, 1};
    ::setrlimit(RLIMIT_NPROC, &limit);
    ::_exit(test());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Workers, AtALimitOfProcessesTheCallerDoesItAll) {
  const int code = at_the_limit([] {
    std::atomic<int> next = 0, sum = 0;
    run_workers(4, [&](int) {
      for (int i = next++; i < 10; i = next++) sum += i;
    });
    return sum == 45 ? 0 : 1;
  });
  if (code == 77) GTEST_SKIP() << "cannot become another user";
  EXPECT_EQ(code, 0);
}

TEST(Workers, AThreadThatIsNeededIsRefusedInOneLine) {
  const int code = at_the_limit([] {
    try {
      start_thread("prefetching images", [] {}).join();
      return 2;  // it was given
    } catch (const UnsupportedError& error) {
      const std::string text = error.what();
      return text.find("prefetching images") != std::string::npos &&
                     text.find("ulimit -u 1") != std::string::npos
                 ? 0
                 : 1;
    }
  });
  if (code == 77 || code == 2) GTEST_SKIP() << "the limit cannot be set here";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace dsx

// SIGKILL at random moments from the first instruction on, with engines, algorithms and threads: whatever
// was reached, the run goes on by --resume or by the same command again, ends bitwise equal to one that was
// never stopped, and leaves no folder that neither takes. DOWNSCALEXR_KILLS sets how many in all;
// DOWNSCALEXR_SEED repeats them.
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "data/io/sealed_file.hpp"
#include "kernels/base/clock.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kKillsPerRun = 5;

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

struct Arm {
  const char *engine, *threads, *algorithm = "direct";
  std::string text() const { return std::string(engine) + "-" + algorithm + threads; }
};
constexpr Arm kArms[] = {
    {"primitives", "1"}, {"primitives", "2"}, {"fused", "1"}, {"fused", "2"}, {"fused", "1", "fast"}};

class StudyKilledAnywhere : public ProgramTest {
 protected:
  // Momentum, weight decay, a schedule, shuffling and augmentation all have state or depend on the epoch.
  static Words words_of(const Arm& arm, const std::string& name) {
    return split_words(
               "--size 32 --synthetic-train 64 --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs 4 "
               "--lr .05 "
               "--weight-decay .001 --flip .5 --rotation 5 --latency=false --progress none --oversubscribe") +
           Words{"--engine",  arm.engine,  "--algorithm", arm.algorithm,
                 "--threads", arm.threads, "--name",      name};
  }
  fs::path run_folder(const std::string& name) const { return folder_ / "results/runs" / name; }
  bool has_epoch(const std::string& name) const { return fs::exists(run_folder(name) / "last.h5"); }

  // By the same command when nothing is lost by it, which is up to chance, or by --resume.
  Words next(const Arm& arm, const std::string& name) {
    const Words resume = {"--resume", run_folder(name).string(), "--progress", "none"};
    if (!fs::exists(run_folder(name))) return words_of(arm, name);
    if (has_epoch(name)) return resume;
    return random_() % 2 == 0 ? resume : words_of(arm, name);
  }
  void expect_sound(const std::string& name) const {
    const fs::path folder = run_folder(name);
    if (!fs::exists(folder)) return;
    EXPECT_TRUE(fs::exists(folder / "config.yaml")) << "a dead folder: " << folder;
    for (const char* file : {"best.h5", "last.h5"})
      if (fs::exists(folder / file)) {
        EXPECT_NO_THROW(data::check_seal(folder / file)) << file;
      }
    if (fs::exists(folder / "summary.json")) {
      EXPECT_TRUE(summary_of(folder).is_object()) << folder;
    }
  }

  std::mt19937 random_{static_cast<unsigned>(from_environment("DOWNSCALEXR_SEED", 1))};
};

TEST_F(StudyKilledAnywhere, EndsBitwiseEqualAndLeavesNoDeadFolder) {
  const int wanted = from_environment("DOWNSCALEXR_KILLS", 25);
  int kills = 0, runs = 0, before_any_file = 0, before_an_epoch = 0;
  std::map<std::string, std::int64_t> whole_ms;
  for (const Arm& arm : kArms) {
    const std::string whole = "whole-" + arm.text();
    const Stopwatch watch;
    ASSERT_EQ(run("study", words_of(arm, whole)).code, 0);
    whole_ms[whole] = watch.elapsed_ns() / 1'000'000;
  }
  while (kills < wanted) {
    const Arm& arm = kArms[runs % std::size(kArms)];
    const std::string whole = "whole-" + arm.text(), name = "run" + std::to_string(runs++);
    SCOPED_TRACE(whole + ", " + name);
    for (int i = 0; i < kKillsPerRun && kills < wanted; ++i, ++kills) {
      const std::int64_t most_us = 1000 * whole_ms[whole];
      const auto delay = std::chrono::microseconds(random_() % static_cast<std::uint64_t>(most_us));
      Running killed(folder_, "study", next(arm, name));
      std::this_thread::sleep_for(delay);
      killed.send(SIGKILL);
      EXPECT_THAT(killed.wait().code, AnyOf(128 + SIGKILL, 0)) << "it ended by itself, and not well";
      before_any_file += fs::exists(run_folder(name)) ? 0 : 1;
      before_an_epoch += fs::exists(run_folder(name)) && !has_epoch(name) ? 1 : 0;
      expect_sound(name);
    }
    const Finished done = run("study", next(arm, name));
    ASSERT_EQ(done.code, 0) << done.err;
    expect_same_run(run_folder(whole), run_folder(name));
    EXPECT_EQ(summary_of(run_folder(name))["status"], "finished");
    if (HasFailure()) break;
    fs::remove_all(run_folder(name));
  }
  std::printf("%d kills in %d runs: %d before the folder was there, %d before the first epoch\n", kills, runs,
              before_any_file, before_an_epoch);
}

}  // namespace
}  // namespace dsx

// A sweep as its user sees it: which cells run, which do not, what is refused, and how folders merge.
#include <sys/file.h>

#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StudyCompare : public CompareTest {};

TEST_F(StudyCompare, RunsEveryCellOnceAndSumsUp) {
  const Finished first =
      compare(small() + split_words("--seeds 2 --label-noise 0,0.2 --noise-seeds 1 --out s"));
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(cells("s").size(), 9U);  // 3 variants, 2 seeds clean, 1 with noise
  EXPECT_THAT(first.out, AllOf(HasSubstr("9 cells of 3 epochs, 0 finished"), HasSubstr("[9/9] "),
                               HasSubstr("On test, over seeds"), HasSubstr("symmetric 0.2")));
  for (const std::string& name : cells("s")) EXPECT_EQ(summary_of(cell("s", name))["status"], "finished");
  EXPECT_THAT(slurp(sweep("s") / "tables" / "claims.csv"),
              HasSubstr("--seeds 1,2 --label-noise 0,0.2 --noise-seeds 1-1"))
      << "the command that repeats it";
  const auto before = times("s");
  const Finished again = compare({"--out", "s"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(times("s"), before) << "a finished cell ran again";
  const std::string table = first.out.substr(first.out.find("On test, over seeds"));
  EXPECT_THAT(again.out, HasSubstr(table)) << "the same figures from the same cells";
}

TEST_F(StudyCompare, GrowsButDoesNotChange) {
  ASSERT_EQ(compare(small() + split_words("--variants avgpool,strided --seeds 2 --out s")).code, 0);
  const auto before = times("s");
  expect_error({"--out", "s", "--epochs", "4"}, 2,
               "--epochs: the sweep in " + sweep("s").string() + " has 3, not 4");
  expect_error({"--out", "s", "--lr", ".1"}, 2, "--lr: the sweep in");
  expect_error({"--out", "s", "--seeds", "1"}, 2, "has 2 as well");
  expect_error({"--out", "s", "--variants", "avgpool"}, 2, "has strided as well");
  EXPECT_EQ(times("s"), before);
  const Finished more = compare({"--out", "s", "--seeds", "3", "--progress", "none"});
  EXPECT_EQ(more.code, 0) << more.err;
  EXPECT_EQ(cells("s").size(), 6U);
  const auto after = times("s");
  for (const auto& [name, time] : before) EXPECT_EQ(after.at(name), time) << name;
  EXPECT_THAT(slurp(sweep("s") / "compare.yaml"), HasSubstr("seeds: [1, 2, 3]"));
}

// The file's seed gives way to the cells' own, a flag wins over the file even with the default's value, and
// the sweep does not need the file again.
TEST_F(StudyCompare, TakesSettingsFromAFile) {
  std::ofstream(folder_ / "recipe.yaml") << "optimizer: adam\nlr: 0.001\nseed: 42\nepochs: 2\nbatch: 8\n";
  Words words = split_words(
      "--config recipe.yaml --batch 32 --size 32 --synthetic-train 64 --synthetic-val 32 --synthetic-test 32 "
      "--threads 1 --progress none --variants avgpool --seeds 1 --out s");
  const Finished done = compare(words);
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("recipe.yaml:3: seed is not used"));
  const nlohmann::json settings = summary_of(cell("s", "avgpool-seed1-clean"))["settings"];
  EXPECT_EQ(settings["optimizer"], "adam");
  EXPECT_EQ(settings["epochs"], 2);
  EXPECT_EQ(settings["batch"], 32);
  EXPECT_EQ(settings["seed"], 1);
  fs::remove(folder_ / "recipe.yaml");
  const auto before = times("s");
  EXPECT_EQ(compare({"--out", "s"}).code, 0);
  EXPECT_EQ(times("s"), before);
}

TEST_F(StudyCompare, SideBySideGivesTheSameNumbers) {
  ASSERT_EQ(compare(small() + split_words("--seeds 2 --out one")).code, 0);
  const Finished two =
      compare(with(small(), "--threads", "2") + split_words("--seeds 2 --jobs 2 --oversubscribe --out two"));
  ASSERT_EQ(two.code, 0) << two.err;
  EXPECT_THAT(two.out, HasSubstr("2 at a time, threads of each: 1"));
  ASSERT_EQ(cells("two"), cells("one"));
  for (const std::string& name : cells("one")) expect_same_run(cell("one", name), cell("two", name));
}

TEST_F(StudyCompare, OneFailedCellDoesNotStopTheOthers) {
  fs::create_directories(sweep("s") / "cells");
  std::ofstream(cell("s", "avgpool-seed1-clean")) << "a file where the folder should be\n";
  const Words words = small() + split_words("--variants avgpool,strided --seeds 2 --out s");
  const Finished done = compare(words);
  EXPECT_EQ(done.code, 4) << "the failed cell's own exit code";
  EXPECT_THAT(done.err, AllOf(HasSubstr("study: cell avgpool-seed1-clean failed: "),
                              HasSubstr("exists already"), HasSubstr("logs/avgpool-seed1-clean.log")));
  for (const char* other : {"strided-seed1-clean", "avgpool-seed2-clean", "strided-seed2-clean"})
    EXPECT_EQ(summary_of(cell("s", other))["status"], "finished");
  fs::remove(cell("s", "avgpool-seed1-clean"));
  EXPECT_EQ(compare(words).code, 0);
  EXPECT_EQ(summary_of(cell("s", "avgpool-seed1-clean"))["status"], "finished");
}

TEST_F(StudyCompare, ADivergedCellIsTriedAgainOnlyWhenAsked) {
  const Words words =
      with(small(), "--lr", "1e30") + split_words("--variants maxpool --seeds 1 --out s --size 64");
  // --size is given twice above: the flags are one list.
  EXPECT_EQ(compare(words).code, 2);
  const Words right = with(with(small(), "--lr", "1e30"), "--size", "64") +
                      split_words("--variants maxpool --seeds 1 --out s");
  const Finished first = compare(right);
  EXPECT_EQ(first.code, 6) << first.err;
  EXPECT_THAT(first.err, HasSubstr("lower --lr"));
  const fs::path log = sweep("s") / "logs/maxpool-seed1-clean.log";
  const auto size = fs::file_size(log);
  const Finished second = compare(right);
  EXPECT_EQ(second.code, 6);
  EXPECT_THAT(second.err, AllOf(HasSubstr("lower --lr"), HasSubstr("--retry-failed tries it again")));
  EXPECT_EQ(fs::file_size(log), size) << "it ran without being asked to";
  const Finished third = compare(right + Words{"--retry-failed"});
  EXPECT_EQ(third.code, 6);
  EXPECT_GT(fs::file_size(log), size);
}

TEST_F(StudyCompare, DryRunMakesNothingAndItsCommandsRunAnywhere) {
  const Words words =
      small() + Words{"--variants", "avgpool,strided", "--seeds", "1", "--out", "a b's sweep"};
  const Finished dry = compare(words + Words{"--dry-run"});
  ASSERT_EQ(dry.code, 0) << dry.err;
  EXPECT_FALSE(fs::exists(sweep("a b's sweep")));
  EXPECT_THAT(dry.out, AllOf(HasSubstr("avgpool-seed1-clean"), HasSubstr("to do"), HasSubstr("in all: "),
                             HasSubstr("for what follows")))
      << "swapped operators, shifts and mechanism are part of the wait";
  // The commands, as a shell reads them, with the program's path for its name.
  std::istringstream lines(dry.out);
  std::vector<std::string> commands;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("study train ")) commands.push_back(line.substr(5));
  ASSERT_EQ(commands.size(), 2U);
  const std::string shell = "cd / && '" + std::string(DOWNSCALEXR_BIN_DIR) + "/study'" + commands[0] + " >" +
                            (folder_ / "log").string() + " 2>&1";
  ASSERT_EQ(std::system(shell.c_str()), 0) << shell << "\n" << slurp(folder_ / "log");
  const auto before = fs::last_write_time(cell("a b's sweep", "avgpool-seed1-clean") / "summary.json");
  const Finished rest = compare(words);
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.out, HasSubstr("2 cells of 3 epochs, 1 finished"));
  EXPECT_EQ(fs::last_write_time(cell("a b's sweep", "avgpool-seed1-clean") / "summary.json"), before);
}

TEST_F(StudyCompare, DryRunAsJsonNamesStateTimeAndCommand) {
  const Words words = small() + split_words("--variants avgpool,strided --seeds 1 --out s");
  ASSERT_EQ(compare(words).code, 0);
  fs::remove_all(cell("s", "strided-seed1-clean"));
  const Finished dry = compare({"--out", "s", "--dry-run", "--json"});
  ASSERT_EQ(dry.code, 0) << dry.err;
  const nlohmann::json json = nlohmann::json::parse(dry.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << dry.out;
  ASSERT_EQ(json["cells"].size(), 2U);
  EXPECT_EQ(json["cells"][0]["state"], "finished");
  EXPECT_EQ(json["cells"][0]["seconds_left"], 0);
  EXPECT_EQ(json["cells"][1]["state"], "to do");
  EXPECT_GT(json["cells"][1]["seconds_left"], 0);
  EXPECT_EQ(json["cells"][1]["folder"], cell("s", "strided-seed1-clean").string());
  Words arguments = json["cells"][1]["arguments"];
  EXPECT_EQ(run("study", arguments).code, 0);
  EXPECT_EQ(summary_of(cell("s", "strided-seed1-clean"))["status"], "finished");
}

// What nobody chose ends in minutes; what somebody chose is left alone.
TEST_F(StudyCompare, TheBuiltInImagesAreLearntByTheFusedEngineUnlessSomethingElseIsChosen) {
  const Words one = split_words("--size 32 --seeds 1 --variants strided --dry-run --json --out s");
  const auto setting = [&](const Words& more, const std::string& flag) {
    const Finished done = compare(one + more);
    EXPECT_EQ(done.code, 0) << done.err;
    const Words arguments = nlohmann::json::parse(done.out).at("cells").at(0).at("arguments");
    for (const std::string& word : arguments)
      if (word.starts_with(flag)) return word;
    return std::string();
  };
  EXPECT_EQ(setting({}, "--engine="), "--engine=fused");
  EXPECT_EQ(setting({}, "--algorithm="), "--algorithm=fast");
  EXPECT_EQ(setting({"--epochs", "2"}, "--engine="), "--engine=fused");
  EXPECT_EQ(setting({"--engine", "primitives"}, "--engine="), "");
  EXPECT_EQ(setting({"--synthetic-train", "64"}, "--engine="), "");
  EXPECT_EQ(setting({"--algorithm", "direct"}, "--engine="), "");
  const Finished said = compare(split_words("--size 32 --seeds 1 --variants strided --dry-run --out s"));
  EXPECT_THAT(said.out, HasSubstr("6 epochs, --engine fused --algorithm fast, to end sooner; `study "
                                  "train` has 3072 and 5, --engine primitives"));
}

TEST_F(StudyCompare, FoldersOfTwoMachinesMerge) {
  const Words words = small() + split_words("--variants avgpool,strided");
  ASSERT_EQ(compare(words + split_words("--seeds 1-1 --out here")).code, 0);
  ASSERT_EQ(compare(words + split_words("--seeds 2-2 --out there")).code, 0);
  fs::copy(sweep("there") / "cells", sweep("here") / "cells", fs::copy_options::recursive);
  const auto before = times("here");
  const Finished merged = compare({"--out", "here", "--seeds", "2"});
  ASSERT_EQ(merged.code, 0) << merged.err;
  EXPECT_THAT(merged.out, HasSubstr("4 cells of 3 epochs, 4 finished"));
  EXPECT_EQ(times("here"), before);
}

TEST_F(StudyCompare, FoldersThatDoNotBelongTogetherAreRefused) {
  const Words words = small() + split_words("--variants avgpool,strided --seeds 1");
  ASSERT_EQ(compare(words + split_words("--out here")).code, 0);
  const fs::path mine = cell("here", "strided-seed1-clean");
  const auto replace_by = [&](const Words& other_words, const std::string& name) {
    ASSERT_EQ(compare(other_words + Words{"--out", name}).code, 0);
    fs::remove_all(mine);
    fs::copy(cell(name, "strided-seed1-clean"), mine, fs::copy_options::recursive);
  };
  replace_by(with(words, "--lr", ".01"), "lr");
  expect_error({"--out", "here"}, 3, "strided-seed1-clean: holds a run with lr 0.01, but the sweep has 0.05");
  replace_by(words + split_words("--synthetic-seed 9"), "data");
  expect_error({"--out", "here"}, 3, "holds a run with synthetic_seed 9");
  // The same cell twice, under another folder's name.
  ASSERT_EQ(compare(words + split_words("--out other")).code, 0);
  fs::remove_all(mine);
  fs::copy(cell("other", "strided-seed1-clean"), mine, fs::copy_options::recursive);
  fs::copy(mine, cell("here", "copy"), fs::copy_options::recursive);
  const Finished twice = compare({"--out", "here"});
  EXPECT_EQ(twice.code, 3);
  EXPECT_THAT(twice.err, HasSubstr("both are strided-seed1-clean"));
}

TEST_F(StudyCompare, DamagedCellsAreNamed) {
  ASSERT_EQ(compare(small() + split_words("--variants avgpool,strided --seeds 1 --out s")).code, 0);
  const fs::path run_h5 = cell("s", "strided-seed1-clean") / "run.h5";
  const std::string good = slurp(run_h5);
  for (const std::string& bad : {good.substr(0, good.size() / 2), std::string("x"), std::string()}) {
    std::ofstream(run_h5, std::ios::binary) << bad;
    expect_error({"--out", "s"}, 3, run_h5.string());
  }
  fs::remove(run_h5);
  expect_error({"--out", "s"}, 3, run_h5.string());
  std::ofstream(run_h5, std::ios::binary) << good;
  EXPECT_EQ(compare({"--out", "s"}).code, 0);
  std::ofstream(cell("s", "strided-seed1-clean") / "summary.json") << "{";
  expect_error({"--out", "s"}, 3, "summary.json: damaged");
}

TEST_F(StudyCompare, TwoSweepsDoNotShareAFolder) {
  ASSERT_EQ(compare(small() + split_words("--variants strided --seeds 1 --out s")).code, 0);
  const int lock = ::open((sweep("s") / ".lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  expect_error({"--out", "s"}, 4, "another study compare is running in this folder");
  ::close(lock);
  EXPECT_EQ(compare({"--out", "s"}).code, 0);
}

TEST_F(StudyCompare, BadFlagsAreOneLineAndLeaveNothing) {
  expect_error({"--seed", "3"}, 2, "did you mean '--seeds'?");
  expect_error({"--variant", "avgpool"}, 2, "did you mean '--variants'?");
  expect_error({"--variants", "avgpool,foo"}, 2, "--variants: expected some of avgpool");
  expect_error({"--variants", "avgpool,avgpool"}, 2, "given twice");
  expect_error({"--seeds", "0"}, 2, "--seeds: ");
  expect_error({"--seeds", "x"}, 2, "--seeds: ");
  expect_error({"--label-noise", "0.7"}, 2, "--label-noise: expected rates from 0 to 0.5");
  expect_error({"--noise-kinds", "random"}, 2, "--noise-kinds: expected some of symmetric");
  expect_error({"--noise-seeds", ","}, 2, "--noise-seeds: ");
  expect_error({"--jobs", "0"}, 2, "--jobs: expected an integer");
  expect_error({"--jobs", "2x"}, 2, "--jobs: expected an integer");
  expect_error({"--budget", "4h"}, 2, "--budget: only with --until-decided");
  expect_error({"--until-decided", "--budget", "soon"}, 2, "--budget: expected a time such as 4h");
  expect_error({"--until-decided", "--max-seeds", "0"}, 2, "--max-seeds: expected an integer");
  expect_error({"--json"}, 2, "--json: only with --dry-run");
  expect_error({"--resume", "x"}, 2, "unknown flag '--resume'");
  expect_error({"--epochs", "-1"}, 2, "--epochs: expected an integer");
  expect_error({"--network", "nowhere.yaml"}, 2, "nowhere.yaml");
  expect_error({"--batch", "60000"}, 2, "more than the 2048 training images");
  expect_error({"word"}, 2, "unexpected word 'word'");
  EXPECT_FALSE(fs::exists(folder_ / "results"));
}

TEST_F(StudyCompare, OtherFoldersAreLeftAlone) {
  fs::create_directories(sweep("mine"));
  std::ofstream(sweep("mine") / "letter.txt") << "text\n";
  expect_error(small() + Words{"--out", "mine"}, 4, "holds other things than a sweep");
  expect_error(small() + Words{"--out", "mine/letter.txt"}, 4, "is not a folder");
  std::ofstream(sweep("mine") / "compare.yaml") << "sweep: 3\n";
  expect_error(small() + Words{"--out", "mine"}, 2, "compare.yaml");
}

TEST_F(StudyCompare, TooLittleDataIsRefusedBeforeAnyCell) {
  expect_error(with(small(), "--synthetic-val", "18") + Words{"--out", "s"}, 3,
               "the val split has 9 images of NORMAL; a comparison needs at least 10 of each class");
  expect_error(with(small(), "--synthetic-test", "19") + Words{"--out", "s"}, 3,
               "the test split has 9 images of");
  EXPECT_FALSE(fs::exists(sweep("s")));
}

TEST_F(StudyCompare, HelpNamesEveryFlag) {
  const Finished help = compare({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word :
       {"--variants", "--seeds", "--label-noise", "--noise-kinds", "--noise-seeds", "--jobs", "--out",
        "--retry-failed", "--dry-run", "--json", "--data", "--epochs", "Exit code"})
    EXPECT_THAT(help.out, HasSubstr(word));
  EXPECT_THAT(help.out, Not(HasSubstr("--latency-only")));
}

}  // namespace
}  // namespace dsx

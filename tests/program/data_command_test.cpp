// `study data import` and `study data show` as a user runs them, and a study on the file that they made.
#include <gmock/gmock.h>

#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "study/commands/data_subcommands.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// Subjects person0 ... in train and test, 20 images per class and split; the sick ones are brighter.
class DataCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    cv::RNG random(1);
    for (const char* split : {"train", "test"})
      for (const char* label : {"NORMAL", "PNEUMONIA"})
        for (int i = 0; i < 20; ++i) {
          const fs::path file =
              folder_ / "set" / split / label /
              ("person" + std::to_string(i + (split[1] == 'e' ? 19 : 0) + (label[0] == 'P' ? 100 : 0)) +
               "_virus_" + std::to_string(i) + ".png");
          fs::create_directories(file.parent_path());
          cv::Mat image(40, 48, CV_8U);
          random.fill(image, cv::RNG::NORMAL, label[0] == 'P' ? 150 : 90, 20);
          ASSERT_TRUE(cv::imwrite(file.string(), image));
        }
  }
  static Words import() { return {"data", "import", "set", "--out", "set.h5", "--size", "32"}; }
};

TEST_F(DataCommand, ImportsShowsAndTrains) {
  const Finished imported = run("study", import());
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, ContainsRegex("set.h5: 80 images of 32 x 32, [0-9.]+ MB, in [0-9.]+ s"));

  const Finished shown = run("study", {"data", "show", "set.h5"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(ContainsRegex("train +20 +20 +40 +40"), ContainsRegex("test +20 +20 +40 +40"),
                               HasSubstr("48 x 40 (80 images)"), HasSubstr("identical files: 0 groups"),
                               HasSubstr("subjects in more than one split: 2\n  person119:")));

  const Finished trained = run("study", tiny() + Words{"--data", "set.h5"});
  EXPECT_EQ(trained.code, 0) << trained.err;
}

TEST_F(DataCommand, ShowsJsonWithEveryLeak) {
  fs::copy_file(folder_ / "set/train/NORMAL/person3_virus_3.png",
                folder_ / "set/test/PNEUMONIA/person3_x.png");
  const Finished shown =
      run("study", {"data", "show", "set", "--json", "--size", "32", "--cache-dir", "cache"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  const auto json = nlohmann::json::parse(shown.out);
  EXPECT_EQ(json["images"], 81);
  EXPECT_EQ(json["splits"]["test"]["images"]["PNEUMONIA"], 21);
  ASSERT_EQ(json["duplicates"].size(), 1U);
  EXPECT_EQ(json["duplicates"][0]["across_splits"], true);
  EXPECT_EQ(json["duplicates"][0]["across_classes"], true);
  EXPECT_EQ(json["shared_subjects"].size(), 3U);
}

TEST_F(DataCommand, NeverReplacesAFileWithoutForce) {
  std::ofstream(folder_ / "set.h5") << "precious";
  const Finished refused = run("study", import());
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(slurp(folder_ / "set.h5"), "precious");
  const Finished timed = run("study", import() + Words{"--force", "--timing"});
  EXPECT_EQ(timed.code, 0) << timed.err;
  EXPECT_THAT(timed.out, ContainsRegex("decoding alone: .* times as long"));
  EXPECT_NE(slurp(folder_ / "set.h5"), "precious");
}

TEST_F(DataCommand, NamesBadImagesAndSkipsThemOnlyWhenAsked) {
  fs::resize_file(folder_ / "set/train/NORMAL/person7_virus_7.png", 100);
  const Finished refused = run("study", import());
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err,
              HasSubstr("1 of 80 images cannot be read: train/NORMAL/person7_virus_7.png (truncated PNG)"));
  EXPECT_FALSE(fs::exists(folder_ / "set.h5"));
  const Finished lenient = run("study", import() + Words{"--skip-bad-images"});
  EXPECT_EQ(lenient.code, 0);
  EXPECT_THAT(lenient.out, HasSubstr("79 images"));
  EXPECT_THAT(lenient.out, HasSubstr("1 skipped"));
}

TEST_F(DataCommand, UsageErrorsExitWith2AndHelpWith0) {
  EXPECT_EQ(run("study", {"data"}).code, 2);
  EXPECT_EQ(run("study", {"data", "import", "set"}).code, 2);
  EXPECT_EQ(run("study", {"data", "import", "set", "--out", "a.h5", "--jobs", "-1"}).code, 2);
  EXPECT_THAT(run("study", {"data", "shwo", "set"}).err, HasSubstr("did you mean 'show'?"));
  const Finished help = run("study", {"data", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const commands::DataSubcommand& command : commands::data_subcommands()) {
    EXPECT_THAT(help.out, HasSubstr("study data " + command.name + " " + command.usage));
    const Finished own = run("study", {"data", command.name, "--help"});
    EXPECT_EQ(own.code, 0);
    EXPECT_THAT(own.out,
                AllOf(HasSubstr("--skip-bad-images"), HasSubstr("--resize"), HasSubstr(command.flags)));
    for (const commands::DataSubcommand& other : commands::data_subcommands())
      if (other.name != command.name) {
        EXPECT_THAT(own.out, Not(HasSubstr(other.flags)));
      }
  }
}

// A set of three classes in MedMNIST's form, by NumPy; class 2 is the bright one.
TEST_F(DataCommand, StudiesAnNpzFileWithPositiveClasses) {
  const std::string script =
      "import numpy as np; r = np.random.default_rng(1); y = np.arange(96).reshape(-1, 1) % 3; "
      "x = (r.normal(90, 20, (96, 40, 40)) + 60 * (y[:, :, None] == 2)).astype(np.uint8); "
      "np.savez_compressed('" +
      (folder_ / "set.npz").string() +
      "', **{f'{s}_{k}': a[c] for s, c in "
      "(('train', slice(48)), ('val', slice(48, 72)), ('test', slice(72, 96))) "
      "for k, a in (('images', x), ('labels', y.astype(np.uint8)))})";
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) GTEST_SKIP() << "no NumPy";
  ASSERT_EQ(std::system(("/usr/bin/python3 -c \"" + script + "\"").c_str()), 0);
  const Words cache = {"--cache-dir", "cache", "--size", "32"};

  const Finished undecided = run("study", Words{"data", "show", "set.npz"} + cache);
  EXPECT_EQ(undecided.code, 3);
  EXPECT_THAT(undecided.err, HasSubstr("has 3 classes (0, 1, 2)"));
  const Finished shown = run("study", Words{"data", "show", "set.npz", "--positive", "2"} + cache);
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(ContainsRegex("split +0\\+1 +2 +images"), ContainsRegex("train +32 +16 +48")));
  const Finished trained =
      run("study", tiny() + Words{"--data", "set.npz", "--positive", "2", "--cache-dir", "cache"});
  EXPECT_EQ(trained.code, 0) << trained.err;

  const Finished imported =
      run("study", {"data", "import", "set.npz", "--positive", "0,1", "--out", "npz.h5", "--size", "32"});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(run("study", {"data", "show", "npz.h5"}).out, ContainsRegex("train +16 +32 +48"));
  const Finished again = run("study", {"data", "show", "npz.h5", "--positive", "2"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("positive: an imported file has two classes already"));

  fs::resize_file(folder_ / "set.npz", fs::file_size(folder_ / "set.npz") / 2);
  const Finished truncated = run("study", Words{"--data", "set.npz", "--positive", "2"} + cache);
  EXPECT_EQ(truncated.code, 3);
  EXPECT_THAT(truncated.err, HasSubstr("set.npz: not a readable .npz (zip) archive"));
}

}  // namespace
}  // namespace dsx

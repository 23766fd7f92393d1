// `study data audit`, `clean` and `issues` as a user runs them, on images whose faults were put there.
#include <gmock/gmock.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "study/cli/csv.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// 30 people per class and split, each one image of smooth structure; the sick ones are brighter. A copy with
// another label, an image saved again, and a person in both splits are added.
class DataAudit : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    cv::RNG random(1);
    int person = 0;
    for (const char* split : {"train", "test"})
      for (const char* label : {"NORMAL", "PNEUMONIA"})
        for (int i = 0; i < 30; ++i) {
          cv::Mat image(48, 48, CV_8U);
          random.fill(image, cv::RNG::UNIFORM, 0, 256);
          cv::GaussianBlur(image, image, {0, 0}, 3);
          cv::normalize(image, image, label[0] == 'P' ? 90 : 20, label[0] == 'P' ? 235 : 165,
                        cv::NORM_MINMAX);
          write(fmt_path(split, label, person++), image);
        }
    fs::copy_file(folder_ / fmt_path("train", "NORMAL", 3), folder_ / "set/test/PNEUMONIA/person3_x.png");
    const cv::Mat original =
        cv::imread((folder_ / fmt_path("train", "PNEUMONIA", 40)).string(), cv::IMREAD_GRAYSCALE);
    cv::imwrite((folder_ / "set/test/PNEUMONIA/person900_x.jpg").string(), original,
                {cv::IMWRITE_JPEG_QUALITY, 70});
  }
  static std::string fmt_path(const std::string& split, const std::string& label, int person) {
    return "set/" + split + "/" + label + "/person" + std::to_string(person) + "_virus_1.png";
  }
  void write(const std::string& name, const cv::Mat& image) const {
    fs::create_directories((folder_ / name).parent_path());
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), image));
  }
  Finished data(const std::string& words) const {
    return run("study", split_words("data " + words + " --size 48 --cache-dir cache --progress none"));
  }
};

TEST_F(DataAudit, FindsWhatWasPutThere) {
  const Finished text = data("audit set --html page.html");
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("copies: 1 group, 1 surplus copy ("),
                    HasSubstr("(in different splits)  (with different labels)"),
                    ContainsRegex("person900_x.jpg ~ train/PNEUMONIA/person40_virus_1.png +[0-9] bits?, 0.9"),
                    HasSubstr("subjects in more than one split: 1\n  person3:"),
                    HasSubstr("1 group of copies with contradicting labels"),
                    HasSubstr("the border alone tells the label: AUC 0.9"), HasSubstr("test is small")));
  const std::string page = slurp(folder_ / "page.html");
  EXPECT_THAT(page, AllOf(HasSubstr("data:image/jpeg;base64,"), HasSubstr("person900_x.jpg"),
                          Not(HasSubstr("http"))));
  EXPECT_EQ(data("audit set --html page.html").code, 4) << "never replaced without --force";

  const auto json = nlohmann::json::parse(data("audit set --json").out);
  EXPECT_EQ(json["images"], 122);
  ASSERT_EQ(json["copies"].size(), 1U);
  EXPECT_EQ(json["copies"][0]["across_classes"], true);
  ASSERT_EQ(json["near_duplicates"].size(), 1U);
  EXPECT_GE(json["near_duplicates"][0]["similarity"], 0.98);
  EXPECT_EQ(json["shared_subjects"][0]["subject"], "person3");
  EXPECT_EQ(json["splits"][1]["too_small"], true);
  // What is tried many times is corrected: no number tells the label by its own interval alone.
  for (const auto& shortcut : json["shortcuts"]) {
    if (shortcut["p"].is_null()) continue;
    EXPECT_GE(shortcut["p_corrected"], shortcut["p"]);
    if (shortcut["p_corrected"] > .05) {
      EXPECT_EQ(shortcut["tells_the_label"], false) << shortcut;
    }
  }
}

// Class folders alone: judged is the fifth that a study would test on, not all images.
TEST_F(DataAudit, JudgesTheSplitsThatAStudyWillDraw) {
  fs::create_directories(folder_ / "alone");
  for (const char* label : {"NORMAL", "PNEUMONIA"})
    fs::copy(folder_ / "set/train" / label, folder_ / "alone" / label);
  const auto audited = [&](const std::string& words) {
    return nlohmann::json::parse(data("audit alone --json" + words).out);
  };
  const nlohmann::json json = audited("");
  ASSERT_EQ(json["splits"].size(), 3U) << json["splits"];
  const nlohmann::json& test = json["splits"][2];
  EXPECT_EQ(test["split"], "test");
  EXPECT_EQ(test["made"], true);
  EXPECT_EQ(test["positives"].get<int>() + test["negatives"].get<int>(), 12) << "a fifth of 60";
  EXPECT_EQ(audited(" --test-fraction 0.5")["splits"][2]["positives"], 15);
  EXPECT_THAT(data("audit alone").out,
              AllOf(HasSubstr("no val and test in these data: every seed of a study draws its own"),
                    HasSubstr("--seed-split 1 gives all seeds the one that is judged here"),
                    HasSubstr("val and test: as --seed-split 1 draws")));
  EXPECT_THAT(data("audit set").out, Not(HasSubstr("no test")));
}

TEST_F(DataAudit, CleansAndHoldsAStudyToTheManifest) {
  const Finished cleaned = data("clean set --out clean.h5 --radius 6 --by-subject");
  ASSERT_EQ(cleaned.code, 0) << cleaned.err;
  EXPECT_THAT(cleaned.out, AllOf(HasSubstr("dropped 2 of 122 images"), HasSubstr("same file: 1 in test"),
                                 HasSubstr("near duplicate: 1 in test"), HasSubstr("clean.h5: 120 images")));
  EXPECT_THAT(cleaned.err, HasSubstr("contradicting labels"));
  EXPECT_THAT(data("clean set --out clean.h5").err, HasSubstr("--force"));
  const Finished other = data("clean set --out other.h5 --priority test,val,train --drop-conflicts --all");
  EXPECT_THAT(other.out, HasSubstr("dropped 2 of 122 images\n  label conflict: 1 in train, 1 in test"));

  const Words study = with(tiny(), "--size", "48") + Words{"--manifest", "clean.manifest.json", "--data"};
  const Finished trained = run("study", study + Words{"clean.h5"});
  EXPECT_EQ(trained.code, 0) << trained.err;
  const Finished refused = run("study", study + Words{"set", "--cache-dir", "cache"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("not the data of the manifest"),
                                 HasSubstr("is not in the manifest"), HasSubstr("1 more difference")));
}

TEST_F(DataAudit, FindsInjectedLabelsAndUsesSavedProbabilities) {
  const std::string how =
      "issues set --inject 0.1 --epochs 12 --lr .02 --schedule constant --warmup-epochs 0 --batch 16 "
      "--threads 1 --folds 4 ";
  const Finished trained =
      data(how + "--save-probabilities p.csv --json issues.json --csv issues.csv --html page.html");
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.out, AllOf(HasSubstr("labels wrong on purpose"), HasSubstr("fold 4/4"),
                                 HasSubstr("at the number of flips")));
  const auto json = nlohmann::json::parse(slurp(folder_ / "issues.json"));
  EXPECT_GE(json["injected"]["labels"], 5);
  EXPECT_GE(json["injected"]["precision"].is_null() ? json["injected"]["among_as_many_first"].get<double>() /
                                                          json["injected"]["labels"].get<double>()
                                                    : json["injected"]["precision"].get<double>(),
            0.7);
  EXPECT_GE(json["injected"]["auc"], 0.9);
  const cli::CsvTable table = cli::read_csv(folder_ / "issues.csv");
  EXPECT_EQ(table.rows.size(), 122U);
  EXPECT_EQ(table.rows[0][table.column("rank")], "1");
  EXPECT_THAT(slurp(folder_ / "page.html"), HasSubstr("made wrong on purpose"));

  const Finished again = data(how + "--probabilities p.csv --json again.json");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, Not(HasSubstr("fold 1/4")));
  EXPECT_EQ(nlohmann::json::parse(slurp(folder_ / "again.json")), json);
  const Finished mismatch = data("issues set --probabilities p.csv");
  EXPECT_EQ(mismatch.code, 3);
  EXPECT_THAT(mismatch.err, HasSubstr("has another label than here"));
}

TEST_F(DataAudit, RefusesImpossibleFlags) {
  EXPECT_EQ(data("audit").code, 2);
  EXPECT_THAT(data("audit set --radius 17").err, HasSubstr("radius: 17 is not between 0 and 16 bits"));
  EXPECT_EQ(data("audit set --radius 17").code, 2);
  EXPECT_EQ(data("audit set --similarity 0.2").code, 2);
  EXPECT_EQ(data("audit set --jobs -1").code, 2);
  EXPECT_EQ(data("clean set").code, 2);
  EXPECT_EQ(data("clean set --out a.h5 --priority test").code, 2);
  EXPECT_EQ(data("issues set --inject 0.6").code, 2);
  EXPECT_EQ(data("issues set --folds 1").code, 2);
  EXPECT_THAT(data("issues set --label-noise 0.2").err, HasSubstr("--inject"));
  EXPECT_EQ(data("issues set --probabilities none.csv").code, 3);
  EXPECT_EQ(run("study", tiny() + Words{"--manifest", "none.json"}).code, 3);
}

TEST(Csv, GoesThereAndBack) {
  const fs::path path = fs::path(::testing::TempDir()) / "dsx_there_and_back.csv";
  const std::vector<std::string> odd = {"a,b", "say \"x\"", "", "two\nlines"};
  std::ofstream(path) << cli::csv_line({"1", "2", "3", "4"}) << cli::csv_line(odd) << "w,x,y,z\r\nlast,,,\n";
  const cli::CsvTable table = cli::read_csv(path);
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.rows[0], odd);
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"w", "x", "y", "z"}));
  EXPECT_EQ(table.column("3"), 2U);
  EXPECT_THROW(static_cast<void>(table.column("5")), std::runtime_error);
  for (const char* bad : {"a,b\n1\n", "a\n\"open", "a\n\"x\"y\n"}) {
    std::ofstream(path) << bad;
    EXPECT_THROW(cli::read_csv(path), std::runtime_error) << bad;
  }
  fs::remove(path);
}

}  // namespace
}  // namespace dsx

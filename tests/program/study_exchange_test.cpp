// `study predict`, `list`, `export` and `import` as a user meets them. What other libraries make of the files
// is tests/scripts/exchange_test.py's business.
#include <gmock/gmock.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "study/cli/exit_code.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

class Exchange : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Finished done =
        run("study", with(tiny(), "--epochs", "1") + Words{"--out", "runs", "--name", "one"});
    ASSERT_EQ(done.code, 0) << done.err;
    fs::create_directory(folder_ / "images");
  }

  void write_image(const std::string& name, int height, int width, int type) {
    cv::Mat image(height, width, type);
    cv::randu(image, 0, 256);
    ASSERT_TRUE(cv::imwrite((folder_ / "images" / name).string(), image));
  }
  Finished predict(const Words& words) { return run("study", Words{"predict", "runs/one"} + words); }
};

TEST_F(Exchange, PredictDecidesAtTheFrozenThreshold) {
  for (const char* name : {"a.png", "b.png", "c.png"}) write_image(name, 32, 32, CV_8UC1);
  const Finished done = predict({"images", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto json = nlohmann::json::parse(done.out);
  const double threshold = summary_of(folder_ / "runs/one")["best"]["threshold"];
  EXPECT_EQ(json["threshold_from"], "val");
  EXPECT_DOUBLE_EQ(json["threshold"], threshold);
  ASSERT_EQ(json["images"].size(), 3U);
  for (const auto& image : json["images"]) {
    EXPECT_EQ(image["decision"], image["probability"] >= threshold ? "PNEUMONIA" : "NORMAL");
    EXPECT_GT(image["network_ms"], 0);
    EXPECT_GT(image["load_ms"], 0);
    EXPECT_EQ(image["note"], "");
  }
  const Finished half =
      predict({"images", "--json", "--threshold-from", "0.5", "--batch", "2", "--layout", "nchw"});
  ASSERT_EQ(half.code, 0) << half.err;
  const auto other = nlohmann::json::parse(half.out);
  EXPECT_EQ(other["threshold"], 0.5);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(other["images"][i]["logit"], json["images"][i]["logit"].get<double>(), 1e-5)
        << "batch and layout";
}

TEST_F(Exchange, PredictInBf16IsCloseToF32) {
  write_image("a.png", 32, 32, CV_8UC1);
  EXPECT_EQ(predict({"images", "--dtype", "f64"}).code, 2);
  const Finished half = predict({"images", "--json", "--dtype", "bf16"});
  if (half.code == static_cast<int>(cli::ExitCode::unsupported)) GTEST_SKIP() << half.err;
  ASSERT_EQ(half.code, 0) << half.err;
  const auto bf16 = nlohmann::json::parse(half.out);
  const auto f32 = nlohmann::json::parse(predict({"images", "--json"}).out);
  EXPECT_EQ(bf16["dtype"], "bf16");
  EXPECT_EQ(f32["dtype"], "f32");
  const double difference =
      std::abs(bf16["images"][0]["logit"].get<double>() - f32["images"][0]["logit"].get<double>());
  EXPECT_LT(difference, 1e-2);
  EXPECT_GT(difference, 0) << "computed in f32 after all";
}

// 64 train images are all that tiny() has.
TEST_F(Exchange, PredictInInt8CalibratesOnTrainImagesUntilAnExportKeepsTheScales) {
  for (const char* name : {"a.png", "b.png"}) write_image(name, 32, 32, CV_8UC1);
  const auto f32 = nlohmann::json::parse(predict({"images", "--json"}).out);
  const Finished fresh = predict({"images", "--json", "--dtype", "int8"});
  ASSERT_EQ(fresh.code, 0) << fresh.err;
  EXPECT_THAT(fresh.err, AllOf(HasSubstr("study: int8: scales from 64 train images"), HasSubstr("(seed 1)"),
                               HasSubstr("pixels exact; weights -")));
  const auto int8 = nlohmann::json::parse(fresh.out);
  EXPECT_EQ(int8["dtype"], "int8");
  for (int i = 0; i < 2; ++i) {
    const double difference =
        std::abs(int8["images"][i]["logit"].get<double>() - f32["images"][i]["logit"].get<double>());
    EXPECT_LT(difference, 2e-2);
    EXPECT_GT(difference, 0) << "computed in f32 after all";
  }
  const Finished exported = run("study", {"export", "runs/one", "--format", "onnx-int8"});
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_TRUE(fs::exists(folder_ / "runs/one/best.int8.onnx"));
  const Finished stored = predict({"images", "--json", "--dtype", "int8", "--batch", "1"});
  EXPECT_THAT(stored.err, HasSubstr("from best.int8.json"));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(nlohmann::json::parse(stored.out)["images"][i]["logit"], int8["images"][i]["logit"])
        << "the same scales, exact sums";
  std::ofstream(folder_ / "runs/one/best.int8.json") << "{}";
  const Finished damaged = predict({"images", "--dtype", "int8"});
  EXPECT_EQ(damaged.code, 3);
  EXPECT_THAT(damaged.err, HasSubstr("best.int8.json: damaged"));
}

TEST_F(Exchange, PredictInInt8GivesTheSameLogitsWithBothEngines) {
  for (const char* name : {"a.png", "b.png"}) write_image(name, 32, 32, CV_8UC1);
  const Finished fused = predict({"images", "--json", "--dtype", "int8", "--engine", "fused"});
  if (fused.code == static_cast<int>(cli::ExitCode::unsupported)) {
    EXPECT_THAT(fused.err, HasSubstr("use --engine primitives"));
    GTEST_SKIP() << fused.err;
  }
  ASSERT_EQ(fused.code, 0) << fused.err;
  const auto primitives = nlohmann::json::parse(predict({"images", "--json", "--dtype", "int8"}).out);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(nlohmann::json::parse(fused.out)["images"][i]["logit"], primitives["images"][i]["logit"]);
}

TEST_F(Exchange, Int8IsRefusedWhereItIsNot) {
  write_image("a.png", 32, 32, CV_8UC1);
  const Finished training = run("study", tiny() + Words{"--dtype", "int8"});
  EXPECT_EQ(training.code, 2);
  EXPECT_THAT(training.err, HasSubstr("training runs in f32; int8 is for --latency-only"));
  const Finished blocked = predict({"images", "--dtype", "int8", "--layout", "nchw"});
  EXPECT_EQ(blocked.code, 5);
  EXPECT_THAT(blocked.err, HasSubstr("layer conv1, layout nchw, u8: oneDNN"));
}

TEST_F(Exchange, Int8IsTimedAndPlanned) {
  const Finished timed =
      run("study", {"--latency-only", "--dtype", "int8", "--size", "32", "--latency-iterations", "5",
                    "--threads", "1", "--progress", "none", "--out", "runs"});
  ASSERT_EQ(timed.code, 0) << timed.err;
  EXPECT_THAT(timed.out, AllOf(HasSubstr("int8: scales from 32 random images"), HasSubstr("input.quantize")));
  const Finished plan = run("study", {"plan", "--dtype", "int8", "--size", "32", "--json"});
  ASSERT_EQ(plan.code, 0) << plan.err;
  const auto json = nlohmann::json::parse(plan.out);
  EXPECT_EQ(json["dtype"], "int8");
  EXPECT_THAT(json.dump(), AllOf(HasSubstr("input.quantize"), HasSubstr("u8 nhwc")));
}

TEST_F(Exchange, PredictSaysWhatDoesNotFit) {
  write_image("colour.jpg", 32, 32, CV_8UC3);
  write_image("grey.jpg", 32, 32, CV_8UC1);
  write_image("large.tif", 50, 40, CV_8UC1);
  write_image("large_colour.png", 50, 40, CV_8UC3);
  const Finished done = predict({"images", "--csv"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out,
              StartsWith("image,probability,decision,threshold,logit,load_ms,network_ms,note,problem\n"));
  EXPECT_THAT(done.out, HasSubstr("colour made grey,\n"));
  EXPECT_THAT(done.out, HasSubstr("resized from 40 x 50,\n"));
  EXPECT_THAT(done.out, HasSubstr("resized from 40 x 50; colour made grey,\n"));
  EXPECT_EQ(count_of(done.out, "colour made grey"), 2U) << done.out;
  EXPECT_EQ(count_of(done.out, "\n"), 5U);
}

TEST_F(Exchange, BadImagesCostALineAndTheExitCode) {
  write_image("good.png", 32, 32, CV_8UC1);
  write_image("cut.png", 32, 32, CV_8UC1);
  fs::resize_file(folder_ / "images/cut.png", 200);
  std::ofstream(folder_ / "images/text.jpg") << "no image at all";
  const Finished done = predict({"images"});
  EXPECT_EQ(done.code, 3);
  EXPECT_THAT(done.out, AllOf(HasSubstr("good.png"), HasSubstr("truncated PNG"), HasSubstr("3 images:")));
  EXPECT_THAT(done.err, AllOf(HasSubstr("cut.png: truncated PNG\n"), HasSubstr("text.jpg: not a JPEG"),
                              HasSubstr("2 of 3 images"), HasSubstr("--skip-bad-images")));
  EXPECT_EQ(predict({"images", "--skip-bad-images"}).code, 0);
  EXPECT_EQ(predict({"images/cut.png", "--skip-bad-images"}).code, 3) << "nothing was decided at all";
}

TEST_F(Exchange, PredictRefusesNonsense) {
  EXPECT_EQ(predict({}).code, 2);
  EXPECT_EQ(predict({"images", "--csv", "--json"}).code, 2);
  EXPECT_THAT(predict({"images"}).err, HasSubstr("holds no images"));
  EXPECT_EQ(predict({"nowhere.png"}).code, 3);
  EXPECT_EQ(predict({"images", "--threshold-from", "test"}).code, 2);
  EXPECT_EQ(predict({"images", "--checkpoint", "first"}).code, 3) << "there are no images before all else";
  EXPECT_EQ(run("study", {"predict", "images", "x.png"}).code, 3) << "no run";
  write_image("a.png", 32, 32, CV_8UC1);
  std::ofstream(folder_ / "runs/one/summary.json") << "{";
  const Finished damaged = predict({"images"});
  EXPECT_EQ(damaged.code, 3) << "no decision at another threshold than the run's";
  EXPECT_THAT(damaged.err, HasSubstr("runs/one/summary.json: damaged"));
}

TEST_F(Exchange, ListFiltersAndSorts) {
  const Words words = with(tiny(), "--epochs", "1") + Words{"--out", "runs", "--latency=false"};
  ASSERT_EQ(run("study", words + Words{"--name", "two", "--variant", "maxpool", "--seed", "2"}).code, 0);
  ASSERT_EQ(run("study", words + Words{"--name", "three", "--variant", "maxpool", "--seed", "3"}).code, 0);
  fs::create_directory(folder_ / "runs/broken");
  std::ofstream(folder_ / "runs/broken/summary.json") << "{";
  const Finished all = run("study", {"list", "runs"});
  EXPECT_EQ(all.code, 0);
  EXPECT_THAT(all.out, AllOf(HasSubstr("test_auc"), HasSubstr("3 runs")));
  EXPECT_THAT(all.err, AllOf(HasSubstr("broken/summary.json: no JSON"), Not(HasSubstr("error"))));

  const Finished some = run("study", {"list", "runs", "--where", "variant=maxpool", "--where", "seed>=2",
                                      "--sort", "-seed", "--columns", "name,seed,lr", "--json"});
  ASSERT_EQ(some.code, 0) << some.err;
  const auto json = nlohmann::json::parse(some.out);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["name"], "three");
  EXPECT_EQ(json[1]["name"], "two");
  EXPECT_EQ(json[1]["lr"], 0.05);
  EXPECT_TRUE(json[1]["seed"].is_number_integer());
  EXPECT_EQ(json[0].size(), 4U) << "the folder and the columns that were asked for";
  EXPECT_THAT(run("study", {"list", "runs", "--where", "variant~strid", "--csv"}).out,
              StartsWith("folder,name,"));
  // A run without latency comes last whichever way the others are sorted.
  for (const char* sort : {"latency_ms", "-latency_ms"}) {
    const Finished sorted = run("study", {"list", "runs", "--sort", sort, "--columns", "name", "--csv"});
    EXPECT_LT(sorted.out.find("one"), sorted.out.find("two")) << sorted.out;
  }
  EXPECT_EQ(run("study", {"list", "nowhere"}).code, 3);
  EXPECT_THAT(run("study", {"list", "runs", "--where", "varaint=maxpool"}).err, HasSubstr("'variant'"));
  EXPECT_EQ(run("study", {"list", "runs", "--where", "maxpool"}).code, 2);
  EXPECT_EQ(run("study", {"list", "runs", "--where", "seed>"}).code, 2);
  const Finished word = run("study", {"list", "runs", "--where", "test_auc>good"});
  EXPECT_EQ(word.code, 2) << word.out;
  EXPECT_THAT(word.err, HasSubstr("test_auc is a number, and 'good' is none"));
}

TEST_F(Exchange, ExportWritesNothingTwice) {
  const Finished done = run("study", {"export", "runs/one", "--format", "onnx"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(fs::exists(folder_ / "runs/one/best.onnx"));
  EXPECT_EQ(run("study", {"export", "runs/one", "--format", "onnx"}).code, 4);
  EXPECT_EQ(run("study", {"export", "runs/one", "--format", "onnx", "--force"}).code, 0);
  EXPECT_EQ(run("study", {"export", "runs/one", "--format", "onnx", "--checkpoint", "last"}).code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "runs/one/last.onnx"));
  EXPECT_THAT(run("study", {"export", "runs/one", "--format", "onxx"}).err,
              HasSubstr("onnx, onnx-int8, safetensors, medmnist"));
  EXPECT_EQ(run("study", {"export", "runs", "--format", "onnx"}).code, 3);
}

TEST_F(Exchange, PredictionsHaveMedMnistNames) {
  ASSERT_EQ(run("study", {"export", "runs/one", "--format", "medmnist", "--out", "scores"}).code, 0);
  const auto test = summary_of(folder_ / "runs/one")["best"]["test"]["at_half"];
  char name[100];
  std::snprintf(name, sizeof name, "synthetic_test_[AUC]%.3f_[ACC]%.3f@one.csv", test["auc"].get<double>(),
                test["accuracy"].get<double>());
  const std::string lines = slurp(folder_ / "scores" / name);
  EXPECT_EQ(count_of(lines, "\n"), 32U) << name;
  EXPECT_THAT(lines, StartsWith("0,0."));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "scores"), {}), 3);
}

TEST_F(Exchange, ImportedWeightsPredictTheSame) {
  write_image("a.png", 32, 32, CV_8UC1);
  ASSERT_EQ(run("study", {"export", "runs/one", "--format", "safetensors", "--out", "w.safetensors"}).code,
            0);
  ASSERT_EQ(run("study", {"import", "w.safetensors", "--out", "runs/two"}).code, 0);
  const Finished ours = predict({"images", "--json", "--threads", "1"});
  const Finished theirs = run("study", {"predict", "runs/two", "images", "--json", "--threads", "1"});
  ASSERT_EQ(theirs.code, 0) << theirs.err;
  const auto one = nlohmann::json::parse(ours.out), two = nlohmann::json::parse(theirs.out);
  EXPECT_EQ(two["threshold"], one["threshold"]) << "the file brings the run's along";
  EXPECT_EQ(two["threshold_from"], "val");
  for (const char* key : {"logit", "decision"})
    EXPECT_EQ(two["images"][0][key], one["images"][0][key]) << key;
  const Finished again = run("study", {"import", "w.safetensors", "--out", "runs/two"});
  EXPECT_EQ(again.code, 4) << "never over an existing folder";
  EXPECT_THAT(again.err, AllOf(HasSubstr("exists already; choose another --out"), Not(HasSubstr("--name"))));
  // Other preprocessing makes other logits, for which nobody chose a threshold.
  ASSERT_EQ(run("study", {"import", "w.safetensors", "--mean", "0.3", "--out", "runs/other"}).code, 0);
  const Finished other = run("study", {"predict", "runs/other", "images", "--json", "--threads", "1"});
  EXPECT_THAT(other.err, HasSubstr("no threshold was chosen"));
  const auto json = nlohmann::json::parse(other.out);
  EXPECT_EQ(json["threshold"], 0.5);
  const std::string decision = json["images"][0]["decision"];
  EXPECT_TRUE(decision == "NORMAL" || decision == "PNEUMONIA") << decision;
  EXPECT_EQ(run("study", {"import", "images/a.png", "--variant", "avgpool", "--out", "x"}).code, 3);
  EXPECT_EQ(run("study", {"import", "nowhere", "--variant", "avgpool", "--out", "x"}).code, 3);
}

}  // namespace
}  // namespace dsx

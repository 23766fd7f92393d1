// A class that only high frequencies tell, from image files to verdicts: a grating of four pixels a period,
// whose phase is the class, on a ground of random brightness. Shrunk by area to a quarter it is gone;
// bilinear sampling makes it brightness, 30 grey levels between the classes. Their grounds spread by 20, so
// that no network can do better than an AUC of Phi(30 / (20 sqrt 2)) = .856, and by area none better than .5.
// Every pixel has noise of its own, which means hardly anything to an image, so that no two networks rank all
// images alike.
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "kernels/base/random.hpp"
#include "tests/program/study_compare_runs.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;

constexpr double kTruth = 0.8556 - 0.5;

class StudyPlanted : public CompareTest {
 protected:
  static void write_grating(const fs::path& file, bool positive, double ground, Random& random) {
    constexpr int kSide = 128, kWave[] = {30, 0, -30, 0};
    constexpr double kNoise = 8;
    cv::Mat1b image(kSide, kSide);
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x)
        image(y, x) = cv::saturate_cast<std::uint8_t>(ground + kWave[(x + (positive ? 2 : 0)) % 4] +
                                                      kNoise * normal_draw(random));
    fs::create_directories(file.parent_path());
    EXPECT_TRUE(cv::imwrite(file.string(), image)) << file;
  }
  void write_images() const {
    Random random({11});
    int number = 0;
    for (const auto& [split, count] : {std::pair("train", 160), std::pair("val", 60), std::pair("test", 150)})
      for (const bool positive : {false, true})
        for (int i = 0; i < count; ++i)
          write_grating(folder_ / "images" / split / (positive ? "PNEUMONIA" : "NORMAL") /
                            ("person" + std::to_string(number++) + "_1.png"),
                        positive, 120 + 20 * normal_draw(random), random);
  }
  void train(const std::string& resize) const {
    const Finished done = compare(
        split_words(
            "--data images --size 32 --variants avgpool,maxpool --seeds 3 --epochs 8 --batch 32 --lr .02 "
            "--schedule constant --warmup-epochs 0 --threads 1 --cache-dir cache --no-swap --no-mechanism "
            "--no-shift --progress none") +
        Words{"--resize", resize, "--out", resize});
    ASSERT_EQ(done.code, 0) << done.err;
  }
  // The value of `column` in the first row of a table that fits.
  nlohmann::json found(const nlohmann::json& results, const std::string& table,
                       const std::map<std::string, std::string>& wanted, const std::string& column) const {
    const nlohmann::json& of = results["tables"][table];
    for (const nlohmann::json& row : of["rows"]) {
      bool fits = true;
      nlohmann::json value;
      for (std::size_t c = 0; c < row.size(); ++c) {
        const std::string name = of["columns"][c]["name"];
        if (const auto want = wanted.find(name); want != wanted.end()) fits = fits && row[c] == want->second;
        if (name == column) value = row[c];
      }
      if (fits) return value;
    }
    ADD_FAILURE() << "no row of " << table;
    return {};
  }
};

TEST_F(StudyPlanted, AliasingIsFoundWithItsSizeAndANullIsEquivalent) {
  write_images();
  train("area");
  train("bilinear");
  const Finished report =
      run("study",
          split_words("report bilinear --resized area --claims original --no-latency --no-page --no-swap "
                      "--no-mechanism --no-shift --resamples 500 --threads 1 --progress none"));
  ASSERT_EQ(report.code, 0) << report.err;
  const auto results = nlohmann::json::parse(slurp(folder_ / "bilinear" / "compare.json"));
  const std::map<std::string, std::string> all = {{"variant", "all"}, {"metric", "auc"}};
  EXPECT_GT(found(results, "resized", all, "low"), 0.1);
  EXPECT_LE(found(results, "resized", all, "low"), kTruth);
  EXPECT_GE(found(results, "resized", all, "high"), kTruth);
  // What is left of an image is its brightness, which every operator passes on: nothing to choose.
  const std::map<std::string, std::string> null = {{"question", "AUC on test"},
                                                   {"comparison", "maxpool - avgpool"}};
  EXPECT_EQ(found(results, "verdicts", null, "verdict"), "equivalent")
      << found(results, "verdicts", null, "sentence");
  EXPECT_EQ(
      found(results, "claims",
            {{"claim",
              "Bilinear resize without antialiasing aliases before the operator under study even starts."}},
            "verdict"),
      "supported");
  EXPECT_THAT(report.out,
              ::testing::HasSubstr("no operator is better in test AUC than another by more than 1 point"));

  const Finished same =
      run("study", split_words("report area --resized area --no-latency --no-page --no-swap "
                               "--no-mechanism --no-shift --resamples 100 --progress none"));
  EXPECT_EQ(same.code, 3);
  EXPECT_THAT(same.err, ::testing::HasSubstr("were resized by area as here"));
}

}  // namespace
}  // namespace dsx

// Fewer training images as an axis of a comparison: which images each size trains on, and what becomes of
// them in the results.
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

class StudyTrainImages : public CompareTest {
 protected:
  std::set<std::string> trained_on(const std::string& name) const {
    const data::h5::Reader in(cell("s", name) / "run.h5");
    const std::vector<std::string> names = in.strings("predictions/train/name");
    return {names.begin(), names.end()};
  }
};

TEST_F(StudyTrainImages, AreNestedSharedByVariantsAndGiveLearningCurves) {
  const Finished done = compare(
      small() +
      split_words("--variants avgpool,maxpool --seeds 2 --train-images 16,32,all --no-swap --no-shift "
                  "--no-mechanism --out s"));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(cells("s").size(), 12U);  // 2 variants, 2 seeds, 3 sizes
  for (const std::string seed : {"1", "2"}) {
    const std::string cell_of = "avgpool-seed" + seed + "-clean";
    const auto all = trained_on(cell_of), half = trained_on(cell_of + "-train32"),
               quarter = trained_on(cell_of + "-train16");
    EXPECT_EQ(all.size(), 64U);
    EXPECT_EQ(half.size(), 32U);
    EXPECT_EQ(quarter.size(), 16U);
    EXPECT_TRUE(std::includes(all.begin(), all.end(), half.begin(), half.end()));
    EXPECT_TRUE(std::includes(half.begin(), half.end(), quarter.begin(), quarter.end()));
    EXPECT_EQ(trained_on("maxpool-seed" + seed + "-clean-train16"), quarter) << "another subset per variant";
    const nlohmann::json subset = summary_of(cell("s", cell_of + "-train16"))["train_subset"];
    EXPECT_EQ(subset["positives"], 8) << "half of the images are positive, as of all";
    EXPECT_EQ(subset["images_per_epoch"], 64) << "an epoch is as many steps as with all images";
  }
  EXPECT_NE(trained_on("avgpool-seed1-clean-train16"), trained_on("avgpool-seed2-clean-train16"));

  const auto results = nlohmann::json::parse(slurp(sweep("s") / "compare.json"), nullptr, false);
  std::set<std::string> sizes;
  const nlohmann::json& curves = results["tables"]["generalization"];
  std::size_t at = 0;
  while (curves["columns"].at(at)["name"] != "train_images") ++at;
  for (const auto& row : curves["rows"]) sizes.insert(row[at].get<std::string>());
  EXPECT_EQ(sizes, (std::set<std::string>{"16", "32", "all"}));
  EXPECT_GT(results["tables"]["limited"]["rows"].size(), 10U) << "slopes over the size";
  EXPECT_GT(results["tables"]["limited_difference"]["rows"].size(), 5U);
}

TEST_F(StudyTrainImages, ThatCannotBeUsedAreRefusedBeforeAnyCell) {
  expect_error(small() + split_words("--train-images 16,16 --out s"), 2, "--train-images: ");
  expect_error(small() + split_words("--train-images 0 --out s"), 2, "--train-images: ");
  expect_error(small() + split_words("--train-images 16,all --label-noise 0.2 --out s"), 2,
               "--label-noise must hold 0");
  EXPECT_FALSE(std::filesystem::exists(sweep("s")));
}

}  // namespace
}  // namespace dsx

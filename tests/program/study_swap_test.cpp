// The real program: a sweep's networks run with every operator.
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class SwapTest : public CompareTest {
 protected:
  Finished swap(const Words& words) const {
    return run("study", Words{"swap", "--resamples", "100"} + words);
  }
  nlohmann::json json(const std::string& name) const {
    return nlohmann::json::parse(slurp(sweep(name) / "swap.json"), nullptr, false);
  }
};

TEST_F(SwapTest, RunsEveryNetworkWithEveryOperatorAndKeepsWhatItComputed) {
  const Words words =
      small() + split_words("--variants avgpool,maxpool --seeds 2 --no-swap --no-shift --out");
  const Finished trained = compare(words + Words{sweep("a").string()});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_FALSE(fs::exists(cell("a", "avgpool-seed1-clean") / "swap.h5")) << "--no-swap";
  const Finished first = swap({sweep("a").string(), "--threads", "1"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("add up to the difference exactly"));
  EXPECT_THAT(first.out, HasSubstr("slice, against strided"));
  const nlohmann::json found = json("a");
  ASSERT_TRUE(found.is_object());
  const auto& control = found["tables"]["swap_control"]["rows"];
  ASSERT_EQ(control.size(), 8U);
  for (const auto& row : control) EXPECT_LT(row[5].get<double>(), 1e-4) << row.dump();
  EXPECT_TRUE(fs::exists(sweep("a") / "tables" / "swap_parts.csv"));
  const auto made = fs::last_write_time(cell("a", "avgpool-seed1-clean") / "swap.h5");
  fs::remove(cell("a", "maxpool-seed2-clean") / "swap.h5");
  const Finished second = swap({sweep("a").string(), "--threads", "1"});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(fs::last_write_time(cell("a", "avgpool-seed1-clean") / "swap.h5"), made) << "cached";
  EXPECT_TRUE(fs::exists(cell("a", "maxpool-seed2-clean") / "swap.h5"));
}

TEST_F(SwapTest, IsAStageOfCompare) {
  const Finished done =
      compare(small() + split_words("--variants avgpool,maxpool --seeds 2 --no-shift --out") +
              Words{sweep("b").string()});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto results = nlohmann::json::parse(slurp(sweep("b") / "compare.json"), nullptr, false);
  EXPECT_GT(results["tables"]["swap_parts"]["rows"].size(), 50U);
  EXPECT_GT(results["tables"]["swap_dose"]["rows"].size(), 20U);
}

TEST_F(SwapTest, SaysWhatIsWrongInOneLine) {
  const Finished nothing = swap({});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("needs the folder of a study compare"));
  const Finished missing = swap({(folder_ / "nowhere").string()});
  EXPECT_EQ(missing.code, 3);
  EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1) << missing.err;
}

}  // namespace
}  // namespace dsx

// From a tiny sweep to its files, as its user sees it.
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/io/h5.hpp"
#include "kernels/fused/fused_block.hpp"
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class StudyReport : public CompareTest {
 protected:
  static Words tiny() {
    return split_words(
        "--size 32 --synthetic-train 128 --synthetic-val 64 --synthetic-test 96 --batch 16 --epochs 1 "
        "--threads 1 "
        "--variants avgpool,strided --seeds 2 --label-noise 0,0.2 --progress none --out s");
  }
  nlohmann::json results() const { return nlohmann::json::parse(slurp(sweep("s") / "compare.json")); }
};

TEST_F(StudyReport, ComesFromFinishedCellsAndIsTheSameAgain) {
  const Finished first = run("study", Words{"compare", "--resamples", "100", "--latency-seconds", "0.002",
                                            "--latency-processes", "2"} +
                                          tiny());
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, AllOf(HasSubstr("On test, over seeds"), HasSubstr("Forward passes"),
                               HasSubstr("of the original study: "), HasSubstr("All figures: ")));
  const auto before = results();
  for (const char* table :
       {"cells", "generalization", "decision_difference", "mcnemar", "calibration", "robustness", "shift",
        "latency", "latency_load", "latency_memory", "flops_latency", "verdicts", "claims", "headline"}) {
    ASSERT_TRUE(before["tables"].contains(table)) << table;
    EXPECT_FALSE(before["tables"][table]["rows"].empty()) << table;
    EXPECT_TRUE(fs::exists(sweep("s") / "tables" / (std::string(table) + ".csv"))) << table;
  }
  const data::h5::Reader in(sweep("s") / "compare.h5");
  EXPECT_EQ(in.strings("cells/variant").size(), 8U);
  EXPECT_FALSE(in.numbers<double>("latency_samples/ms").empty());
  EXPECT_TRUE(fs::exists(cell("s", "avgpool-seed1-clean") / "shift.h5"));
  EXPECT_THAT(slurp(sweep("s") / "report" / "report.html"), HasSubstr("Claims of the original study"));

  const auto trained = times("s");
  const Finished again = run("study", {"report", sweep("s").string(), "--resamples", "100", "--no-page",
                                       "--threads", "1", "--progress", "none"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(times("s"), trained) << "a cell ran again";
  EXPECT_EQ(results()["tables"], before["tables"])
      << "other numbers from the same cells and the same samples";

  const auto page = [this] { return slurp(sweep("s") / "report" / "report.html"); };
  EXPECT_THAT(page(), HasSubstr("No explanation of the latency difference"));
  const Finished explained =
      run("study", {"report", sweep("s").string(), "--resamples", "100", "--threads", "1", "--progress",
                    "none", "--explain", DOWNSCALEXR_SOURCE_DIR "/results/explain/xeon/explain.json"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  EXPECT_THAT(page(), ::testing::Not(HasSubstr("No explanation of the latency difference")));
}

TEST_F(StudyReport, WithoutMatplotlibTheTablesAreThereAndALineSaysHowToDrawThePage) {
  ::setenv("DOWNSCALEXR_PYTHON", "/bin/false", 1);
  const Finished done =
      run("study", Words{"compare", "--resamples", "100", "--no-latency", "--no-shift"} + tiny());
  ::unsetenv("DOWNSCALEXR_PYTHON");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(fs::exists(sweep("s") / "tables" / "verdicts.csv"));
  EXPECT_FALSE(fs::exists(sweep("s") / "report" / "report.html"));
  EXPECT_THAT(done.err, AllOf(HasSubstr("scripts/setup --report"), HasSubstr("to draw the page")));
}

TEST_F(StudyReport, ShiftsAreRunAgainWhenTheCheckpointIsAnother) {
  ASSERT_EQ(compare(tiny()).code, 0);
  const Words report = {"report",    sweep("s").string(), "--resamples", "100",
                        "--no-page", "--no-latency",      "--threads",   "1"};
  const auto before = results()["tables"]["shift_seed"];
  const fs::path one = cell("s", "avgpool-seed1-clean"), other = cell("s", "avgpool-seed2-clean");
  fs::copy_file(other / "best.h5", one / "best.h5", fs::copy_options::overwrite_existing);
  ASSERT_EQ(run("study", report).code, 0);
  EXPECT_NE(results()["tables"]["shift_seed"], before);
}

TEST_F(StudyReport, WithoutDataOrCheckpointsTheRestIsThere) {
  ASSERT_EQ(compare(tiny() + split_words("--no-shift")).code, 0);
  for (const std::string& name : cells("s")) fs::remove(cell("s", name) / "best.h5");
  const Finished done = run("study", {"report", sweep("s").string(), "--resamples", "100", "--no-page",
                                      "--no-latency", "--threads", "1", "--progress", "none"});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto json = results();
  const auto column = [&](const char* table, const std::string& name) {
    const auto& columns = json["tables"][table]["columns"];
    std::size_t at = 0;
    while (at < columns.size() && columns[at]["name"] != name) ++at;
    return at;
  };
  const auto& shift = json["tables"]["shift_seed"];
  ASSERT_FALSE(shift["rows"].empty());
  for (const auto& row : shift["rows"]) {
    EXPECT_TRUE(row[column("shift_seed", "value")].is_null()) << "a number without a network";
    EXPECT_THAT(row[column("shift_seed", "not_estimable")].get<std::string>(), HasSubstr("best.h5"));
  }
  EXPECT_FALSE(json["tables"]["decision"]["rows"][0][column("decision", "value")].is_null());
  EXPECT_TRUE(json["tables"]["latency"]["rows"].empty());
}

TEST_F(StudyReport, RefusesWhatIsNoSweep) {
  const auto fails = [&](const Words& words, int code, const std::string& text) {
    const Finished done = run("study", words);
    EXPECT_EQ(done.code, code) << done.err;
    EXPECT_THAT(done.err, HasSubstr(text));
  };
  fails({"report"}, 2, "study report needs the folder");
  fails({"report", folder_.string()}, 3, "give the folder of a study compare");
  fails({"report", folder_.string(), "--cost-ratio", "0"}, 2, "--cost-ratio: expected a number above 0");
  fails({"report", folder_.string(), "--resamples", "7"}, 2, "--resamples: expected an integer from 100");
  fails({"latency-load", "nothing"}, 2, "compute or memory");
  const Finished help = run("study", {"report", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("--latency-again"));
  EXPECT_THAT(run("study", {"--help"}).out, ::testing::Not(HasSubstr("latency-probe")));
}

TEST_F(StudyReport, TimesTheFusedEngineAndSaysWhatItSkipped) {
  const std::string file = (folder_ / "samples.json").string();
  const Finished done =
      run("study", {"latency-probe", "--variants", "avgpool,strided", "--engine", "fused", "--size", "96",
                    "--threads", "1", "--seconds", "0.001", "--samples", file});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto told = nlohmann::json::parse(slurp(file));
  EXPECT_EQ(told.at("memory").size(), 7U) << "before each of 2 batches x 3 loads, and behind them";
  const auto& sets = told.at("sets");
  ASSERT_FALSE(sets.empty());
  const bool skips = !fused::fused_block_isa().empty();
  for (const auto& set : sets) {
    EXPECT_FALSE(set.at("ms").empty());
    EXPECT_EQ(set.at("zeros").contains("fc1"), skips);
    if (skips) {
      EXPECT_GT(set["zeros"]["fc1"], 0.1);
      EXPECT_LT(set["zeros"]["fc1"], 0.9);
    }
  }
}

}  // namespace
}  // namespace dsx

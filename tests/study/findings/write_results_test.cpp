#include "study/findings/write_results.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/io/h5.hpp"
#include "study/analysis/result_table.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;

class ResultFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("dsx_results_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    analysis::ResultTable table =
        analysis::make_table("verdicts", "answers", {"question", "value", "sentence"});
    table.add({"one, two", 0.1, "she said \"no\""});
    table.add({"plain", NAN, ""});
    analysis::ResultTable large = analysis::make_table("roc", "curve", {"variant", "false_positive_rate"});
    large.only_h5 = true;
    large.add({"avgpool", 0.25});
    results_.command = "study report here";
    results_.cost_ratio = 3;
    results_.notes = {"a note"};
    results_.tables = {table, large, analysis::make_table("robustness", "slopes", {"variant", "value"})};
    findings::write_results(folder_, results_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string text(const fs::path& name) const {
    std::ifstream in(folder_ / name);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  fs::path folder_;
  analysis::ComparisonResults results_;
};

TEST_F(ResultFiles, HoldTheSameNumbers) {
  EXPECT_EQ(text("tables/verdicts.csv"),
            "question,value,sentence\r\n\"one, two\",0.1,\"she said \"\"no\"\"\"\r\nplain,,\r\n");
  EXPECT_FALSE(fs::exists(folder_ / "tables/roc.csv"));
  EXPECT_EQ(text("tables/robustness.csv"), "variant,value\r\n");
  const auto json = nlohmann::json::parse(text("compare.json"));
  EXPECT_EQ(json["format"], "downscalexr-compare");
  EXPECT_EQ(json["cost_ratio"], 3);
  EXPECT_EQ(json["tables"]["verdicts"]["rows"][0][1], 0.1);
  EXPECT_TRUE(json["tables"]["verdicts"]["rows"][1][1].is_null());
  EXPECT_TRUE(json["tables"]["roc"]["rows"].is_null());
  const data::h5::Reader in(folder_ / "compare.h5");
  EXPECT_EQ(in.attribute_string("command"), "study report here");
  EXPECT_EQ(in.attribute_double("cost_ratio"), 3);
  EXPECT_THAT(in.strings("verdicts/question"), ::testing::ElementsAre("one, two", "plain"));
  EXPECT_EQ(in.numbers<double>("verdicts/value")[0], 0.1);
  EXPECT_TRUE(std::isnan(in.numbers<double>("verdicts/value")[1]));
  EXPECT_THAT(in.numbers<double>("roc/false_positive_rate"), ::testing::ElementsAre(0.25));
  EXPECT_TRUE(in.numbers<double>("robustness/value").empty());
  const auto columns = nlohmann::json::parse(in.string("columns_json"));
  EXPECT_EQ(columns["roc"]["columns"][1]["unit"], "share");
}

}  // namespace
}  // namespace dsx

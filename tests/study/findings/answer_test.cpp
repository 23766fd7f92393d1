// The three sentences, on planted verdicts: each branch of the rules once, read as a reader would.
#include "study/findings/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace dsx::findings {
namespace {

using testing::HasSubstr;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct PlantedVerdict {
  std::string question, comparison, word;
  double value, low, high, margin = 0.01, seeds = kNone;
};

analysis::ComparisonResults planted(const std::vector<PlantedVerdict>& verdicts, bool swapped = false,
                                    bool timed = true, double left = 0.01) {
  analysis::ComparisonResults results;
  results.settings = {{"engine", "fused"}};
  results.environment = {{"threads", "2"}};
  analysis::ResultTable table =
      analysis::make_table("verdicts", "",
                           {"question", "comparison", "noise", "train_images", "value", "low", "high",
                            "margin", "needed_seeds", "verdict", "sentence"});
  for (const PlantedVerdict& v : verdicts)
    table.add({v.question, v.comparison, 0.0, std::string("all"), v.value, v.low, v.high, v.margin, v.seeds,
               v.word, std::string("s")});
  results.tables.push_back(table);
  analysis::ResultTable parts = analysis::make_table(
      "swap_parts", "",
      {"noise", "train_images", "variant_a", "variant_b", "part", "rule", "metric", "value", "low", "high"});
  if (swapped)
    for (const auto& [part, value] :
         {std::pair<std::string, double>{"training", left - 0.05}, {"difference", left}})
      parts.add({0.0, std::string("all"), std::string("maxpool"), std::string("avgpool"), part,
                 std::string("half"), std::string("predicted_positive_rate"), value, value - 0.02,
                 value + 0.02});
  results.tables.push_back(parts);
  analysis::ResultTable latency =
      analysis::make_table("latency", "", {"variant", "batch", "wait", "load", "median_ms", "busy"});
  if (timed)
    for (const auto& [variant, ms] :
         {std::pair<std::string, double>{"strided", 7.25}, {"maxpool", 17.0}, {"avgpool", 17.5}})
      latency.add({variant, 32.0, std::string("active"), std::string("none"), ms, 0.0});
  results.tables.push_back(latency);
  results.tables.push_back(analysis::make_table("latency_warnings", "", {"part", "sentence"}));
  analysis::ResultTable cells =
      analysis::make_table("cells", "", {"noise", "train_images", "variant", "learnt"});
  for (const char* variant : {"avgpool", "maxpool", "strided"})
    cells.add({0.0, std::string("all"), std::string(variant), 1.0});
  results.tables.push_back(cells);
  return results;
}

std::vector<std::string> sentences(const analysis::ComparisonResults& results) {
  const analysis::ResultTable table = answer_of(results);
  std::vector<std::string> found;
  for (std::size_t r = 0; r < table.rows.size(); ++r) found.push_back(table.text(r, "sentence"));
  return found;
}

const PlantedVerdict kFaster = {
    "latency, batch 32, spinning", "strided / maxpool", "lower", 0.4264, 0.42, 0.435, kNone};

std::vector<PlantedVerdict> auc(const std::string& word, double value, double seeds = kNone) {
  std::vector<PlantedVerdict> list = {kFaster};
  for (const char* pair : {"maxpool - avgpool", "strided - avgpool", "strided - maxpool"})
    list.push_back({"AUC on test", pair, word, value, value - 0.004, value + 0.006, 0.01, seeds});
  return list;
}

TEST(Answer, EquivalentAndFasterIsTaken) {
  auto verdicts = auc("equivalent", 0.001);
  verdicts.push_back(
      {"images called positive, same weights", "maxpool - avgpool", "higher", 0.05, 0.03, 0.07});
  EXPECT_THAT(sentences(planted(verdicts, true)),
              testing::ElementsAre(
                  "On these data no operator is better in test AUC than another by more than 1 point.",
                  "Run with the same weights, maxpool calls 5.0 points (3.0 to 7.0) more images positive "
                  "than avgpool at probability .5; training takes 4.0 points of that back: as trained, it "
                  "calls 1.0 point (-1.0 to 3.0) more.",
                  "strided is the fastest: 7.2 ms for a batch of 32 (fused engine, 2 threads), 2.35 times "
                  "(2.30 to 2.38) as fast "
                  "as maxpool; take strided."));
}

TEST(Answer, SaysWhichWayTrainingTakesAnOperatorsEffect) {
  auto verdicts = auc("equivalent", 0.001);
  verdicts.push_back(
      {"images called positive, same weights", "maxpool - avgpool", "higher", 0.05, 0.03, 0.07});
  EXPECT_THAT(
      sentences(planted(verdicts, true, true, -0.03)).at(1),
      HasSubstr("training more than takes that back: as trained, it calls 3.0 points (1.0 to 5.0) fewer"));
  EXPECT_THAT(sentences(planted(verdicts, true, true, 0.08)).at(1),
              HasSubstr("training adds 3.0 points: as trained, it calls 8.0 points (6.0 to 10.0) more"));
}

TEST(Answer, NamesTheBetterOneAndWarnsOfTheFastest) {
  auto verdicts = auc("equivalent", 0.001);
  verdicts[2] = {"AUC on test", "strided - avgpool", "lower", -0.021, -0.032, -0.01};
  const auto told = sentences(planted(verdicts));
  EXPECT_THAT(told.front(),
              HasSubstr("strided is lower than avgpool in test AUC, by 2.1 points (1.0 to 3.2)"));
  EXPECT_THAT(told.front(),
              HasSubstr("maxpool and avgpool are the same to within 1 point; so are strided and maxpool"));
  EXPECT_THAT(told.back(),
              HasSubstr("but its test AUC is lower than avgpool's by 2.1 points (1.0 to 3.2): take it only "
                        "where speed matters more"));
}

TEST(Answer, UndecidedIsNeverAdvisedAsIfItWereShown) {
  const auto told = sentences(planted(auc("undecided", 0.004, 9)));
  EXPECT_THAT(
      told.front(),
      HasSubstr("no two of avgpool, maxpool and strided can be told apart in test AUC (a difference of "
                "up to 1.0 point is possible; about 9 seeds would decide all)"));
  EXPECT_THAT(told.back(), HasSubstr("that it is not worse in AUC is not shown"));
}

TEST(Answer, NamesThePairsThatAreOpenAmongOthers) {
  auto verdicts = auc("undecided", 0.004, 9);
  verdicts[1].word = "equivalent";
  EXPECT_THAT(
      sentences(planted(verdicts)).front(),
      testing::StartsWith("On these data maxpool and avgpool are the same to within 1 point in test AUC; "
                          "strided and avgpool, and strided and maxpool, cannot be told apart (a "
                          "difference of up to 1.0 point is possible; about 9 seeds would decide all)"));
  verdicts[2].word = "equivalent";
  EXPECT_THAT(sentences(planted(verdicts)).front(),
              HasSubstr("so are strided and avgpool; strided and maxpool cannot be told apart"));
}

// Seven operators have 21 pairs: a sentence that lists them is not read.
TEST(Answer, CountsPairsWhereThereAreManyAndNamesTheLargest) {
  std::vector<PlantedVerdict> verdicts;
  for (int i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    verdicts.push_back({"AUC on test", "a" + n + " - b" + n, "equivalent", 0.001, -0.004, 0.006});
    verdicts.push_back({"AUC on test", "c" + n + " - d" + n, "undecided", 0.01, -0.01, 0.02 + 0.001 * i});
    verdicts.push_back({"AUC on test", "e" + n + " - f" + n, "lower", -0.02 - 0.01 * i, -0.08, -0.01});
  }
  EXPECT_EQ(
      sentences(planted(verdicts)).at(0),
      "On these data 5 of 15 pairs of operators differ, most of all: e4 is lower than f4 in test AUC, by "
      "6.0 points (1.0 to 8.0); 5 of 15 pairs of operators are the same to within 1 point; 5 pairs "
      "cannot be told apart (a difference of up to 2.4 points is possible).");
}

TEST(Answer, AdvisesNothingFromABusyMachine) {
  analysis::ComparisonResults results = planted(auc("equivalent", 0.001));
  for (analysis::ResultTable& table : results.tables)
    if (table.name == "latency") table.rows[1][table.column("busy")] = 1.0;
  EXPECT_THAT(
      sentences(results).back(),
      HasSubstr("Other programs used the CPUs while latency was measured, so that no operator is advised"));
}

TEST(Answer, SaysWhatWasNotMeasured) {
  const auto told = sentences(planted(auc("equivalent", 0.001), false, false));
  EXPECT_EQ(told.back(), "Latency was not measured, so that no operator is advised for its cost.");
}

TEST(Answer, OfOneVariantIsNone) { EXPECT_THAT(sentences(planted({})), testing::IsEmpty()); }

TEST(Answer, BeginsWithNetworksThatHaveNotLearnt) {
  analysis::ComparisonResults results =
      planted({{"AUC on test", "maxpool - avgpool", "equivalent", 0, -.005, .005}});
  for (analysis::ResultTable& table : results.tables)
    if (table.name == "cells") table.rows[0][table.column("learnt")] = 0.0;
  const auto said = sentences(results);
  ASSERT_FALSE(said.empty());
  EXPECT_THAT(said.front(),
              HasSubstr("1 of 3 networks has not learnt (training loss near chance): train longer"));
}

// Verdicts of networks that have learnt nothing are no answer, whatever they say; a time is one all the same.
TEST(Answer, OfNetworksThatHaveLearntNothingIsTheirCostAlone) {
  analysis::ComparisonResults results = planted(auc("equivalent", 0.001));
  for (analysis::ResultTable& table : results.tables)
    if (table.name == "cells")
      for (auto& row : table.rows) row[table.column("learnt")] = 0.0;
  const auto said = sentences(results);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said.front(),
              HasSubstr("None of the 3 networks has learnt (training loss near chance), so that "
                        "nothing can be said of the operators' accuracy and bias"));
  EXPECT_THAT(said.back(), HasSubstr("as fast as maxpool; whether its accuracy is worth that is not known."));
}

}  // namespace
}  // namespace dsx::findings

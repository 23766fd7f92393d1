// Several reports judged together: what holds in all of them, and what is true of one machine only.
#include "study/explain/compare.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "study/explain/account.hpp"
#include "study/explain/conclusions.hpp"

namespace dsx {
namespace {

using explain::Holds;
using ::testing::HasSubstr;
using ::testing::Not;

explain::Finding number(const std::string& id, const std::string& unit, const explain::Interval& interval,
                        bool is_part = false) {
  return {id, id, unit, interval, is_part};
}

explain::ExplainReport report_with(const std::string& cpu, std::vector<explain::Finding> findings,
                                   const std::string& traffic = "explained") {
  explain::ExplainReport report;
  report.environment = {{"cpu_model", cpu}};
  explain::ExperimentReport account;
  account.name = explain::kAccountName;
  account.tables.push_back({explain::kAccountName,
                            "",
                            {{"step", ""}, {"cause", ""}, {"together", ""}},
                            {{"block1 maxpool", "traffic", traffic}}});
  explain::ExperimentReport one;
  one.name = "original";
  one.findings = std::move(findings);
  report.experiments = {account, one};
  return report;
}

struct Judged {
  std::vector<explain::Conclusion> all;
  explicit Judged(const std::vector<explain::ExplainReport>& reports)
      : all(explain::conclusions(reports, {"A", "B", "C"})) {}
  Holds of(const std::string& start) const {
    const auto found = std::ranges::find_if(all, [&](const auto& c) { return c.text.starts_with(start); });
    EXPECT_NE(found, all.end()) << start;
    return found == all.end() ? Holds::none : found->holds;
  }
  bool says(const std::string& words) const {
    return std::ranges::any_of(all, [&](const auto& c) { return c.text.find(words) != std::string::npos; });
  }
};

Judged three(const std::string& unit, const explain::Interval& a, const explain::Interval& b,
             const explain::Interval& c) {
  return Judged({report_with("X", {number("n", unit, a)}), report_with("Y", {number("n", unit, b)}),
                 report_with("Z", {number("n", unit, c)})});
}

TEST(Conclusions, HoldOnAllMachinesOrDiffer) {
  EXPECT_EQ(three("times", {1.2, 1.1, 1.3}, {1.25, 1.15, 1.3}, {1.3, 1.2, 1.4}).of("n is above 1"),
            Holds::all);
  EXPECT_EQ(three("times", {2, 1.9, 2.1}, {1.2, 1.1, 1.3}, {1.3, 1.2, 1.4}).of("n is above 1, by different"),
            Holds::all);
  const auto penalty = three("times", {2.09, 2.01, 2.2}, {0.96, 0.85, 1.05}, {1.01, 0.93, 1.09});
  EXPECT_EQ(penalty.of("n against 1"), Holds::differs) << "a maximum costs twice on one machine alone";
  EXPECT_TRUE(penalty.says("A 2.09 (2.01 to 2.20), B 0.96 (0.85 to 1.05), C 1.01 (0.93 to 1.09) times"));
  EXPECT_EQ(three("times nhwc", {0.8, 0.7, 0.95}, {1.1, 1.02, 1.2}, {1.1, 0.9, 1.3}).of("n against 1"),
            Holds::differs);
  EXPECT_EQ(three("times", {1.2, 1.1, 1.3}, {1.1, 0.9, 1.3}, {1.1, 0.9, 1.3}).of("n is above 1 in some"),
            Holds::some);
  EXPECT_EQ(three("ms", {0.1, -1, 1}, {0.2, -1, 1}, {0, -1, 1}).of("n is told from 0 in none"), Holds::none);
  EXPECT_EQ(three("ms", {-3, -4, -2}, {-3, -4, -2}, {-5, -6, -3}).of("n is below 0"), Holds::all);
}

TEST(Conclusions, LeaveOutPartsThatAreSmallEverywhereAndOrdersOfUnlikeParts) {
  const auto part = [](const std::string& id, double ms) {
    return number(id, "ms", {ms, ms - 0.1, ms + 0.1}, true);
  };
  const auto with = [&](double small, double first, double other) {
    return report_with("X",
                       {part("o/a", 10), part("o/b", small), part("o/a/c", first), part("o/d/e", other)});
  };
  const Judged all({with(0.3, 3, 5), with(-0.3, 5, 3), with(0.2, 3, 5)});
  EXPECT_FALSE(all.says("o/b "));
  EXPECT_FALSE(all.says("order of o/a/c")) << "another operator's other part";
  const Judged one({with(0.3, 3, 5), with(-4, 5, 3), with(0.2, 3, 5)});
  EXPECT_EQ(one.of("o/b against 0"), Holds::differs) << "large in one report";
}

TEST(Conclusions, NeedIntervalsAndASide) {
  EXPECT_FALSE(three("times", {2, 2, 2}, {0.5, 0.5, 0.5}, {1, 0.9, 1.1}).says("n ")) << "without intervals";
  EXPECT_FALSE(three("GB/s", {20, 19, 21}, {30, 29, 31}, {40, 39, 41}).says("n ")) << "a rate is on no side";
}

TEST(Conclusions, TakeCausesByTheAccountsWords) {
  const auto of = [](const std::string& a, const std::string& b, const std::string& c) {
    return Judged({report_with("X", {}, a), report_with("Y", {}, b), report_with("Z", {}, c)})
        .of("account of block1 maxpool: traffic");
  };
  EXPECT_EQ(of("explained", "explained", "explained"), Holds::all);
  EXPECT_EQ(of("excluded", "excluded", "excluded"), Holds::all);
  EXPECT_EQ(of("explained", "excluded", "explained"), Holds::differs);
  EXPECT_EQ(of("explained", "unknown", "explained"), Holds::some);
  EXPECT_EQ(of("unknown", "NOT EXPLAINED", "unknown"), Holds::none);
}

TEST(Conclusions, RankPartsThatEveryReportTellsApart) {
  const auto with = [](double x, double y) {
    return report_with(
        "X", {number("x", "ms", {x, x - 0.1, x + 0.1}, true), number("y", "ms", {y, y - 0.1, y + 0.1}, true),
              number("z", "ms", {1, 0.9, 1.1}, true)});
  };
  const Judged same({with(5, 3), with(6, 3), with(4, 3)});
  EXPECT_EQ(same.of("original: the order of 3 of 3 pairs"), Holds::all);
  const Judged turned({with(5, 3), with(6, 3), with(3, 5)});
  EXPECT_EQ(turned.of("order of x"), Holds::differs);
  EXPECT_EQ(turned.of("original: the order of 2 of 3 pairs"), Holds::all);
  const Judged tied({with(5, 3), with(6, 3), with(3.05, 3)});
  EXPECT_FALSE(tied.says("order of x")) << "one report cannot tell";
}

TEST(Compare, ThreeReportsEndWithWhatHoldsInAll) {
  const std::vector<explain::ExplainReport> reports{
      report_with("X", {number("same", "times", {2, 1.9, 2.1}), number("here", "times", {2, 1.9, 2.1})}),
      report_with("Y", {number("same", "times", {2, 1.9, 2.1}), number("here", "times", {1, 0.9, 1.1})}),
      report_with("Z", {number("same", "times", {2.05, 1.9, 2.1}), number("more", "ms", {1, 0.9, 1.1}),
                        number("here", "times", {1, 0.9, 1.1})})};
  const auto text = explain::compare_text(reports, {"x.json", "y.json", "z.json"});
  EXPECT_THAT(text, HasSubstr("C: z.json: Z"));
  EXPECT_THAT(text, HasSubstr("most / least"));
  EXPECT_THAT(text, HasSubstr("Findings that are not in all: 1 of C"));
  EXPECT_THAT(text, HasSubstr("Hold in all 3 reports (2):"));
  const auto differ = text.find("DIFFER");
  ASSERT_NE(differ, std::string::npos);
  EXPECT_THAT(text.substr(differ), HasSubstr("here against 1: A 2.00 (1.90 to 2.10), B 1.00"));
  EXPECT_THAT(text.substr(differ), Not(HasSubstr("same")));
  EXPECT_THAT(explain::compare_text({reports[0], reports[0]}), HasSubstr("Hold in all 2 reports"));
}

}  // namespace
}  // namespace dsx

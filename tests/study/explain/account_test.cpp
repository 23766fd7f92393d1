// The account: experiments that agree are believed, those that contradict each other are not, and no sentence
// states a cause that another experiment excludes. Each experiment's words are made from a report as it
// writes it, so that a renamed table or finding shows here.
#include "study/explain/account.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "study/explain/experiment.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/report_files.hpp"
#include "study/findings/explained.hpp"

namespace dsx {
namespace {

using explain::Standing;
using explain::Testimony;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

explain::Finding ms_finding(const std::string& id, explain::Interval interval) {
  return {id, id, "ms", interval, true};
}

explain::ExperimentReport named_report(const std::string& name) {
  explain::ExperimentReport report;
  report.name = name;
  report.command = "study explain --experiments " + name;
  return report;
}

// Of 10 ms, `traffic` vanish near a cache.
explain::ExperimentReport strips_report(double traffic) {
  auto report = named_report("strips");
  report.tables.push_back({"block1_maxpool",
                           "",
                           {{"fits", ""}, {"operator", "ms"}},
                           {{"L2", 10 - traffic}, {"all images", 10.0}}});
  report.findings = {
      ms_finding("strips/block1/maxpool/traffic", {traffic, traffic - 0.5, traffic + 0.5}),
      ms_finding("strips/block1/maxpool/arithmetic", {10 - traffic, 9.5 - traffic, 10.5 - traffic}),
      ms_finding("strips/block1/maxpool/block", {traffic, traffic, traffic})};
  return report;
}

// A cold source adds `slope` us to 1000.
explain::ExperimentReport hot_cold_report(double slope, double control_low = 2) {
  auto report = named_report("hot_cold");
  report.tables.push_back(
      {"arguments",
       "",
       {{"work", ""},
        {"argument", ""},
        {"hot", "us"},
        {"slope", "us"},
        {"low", "us"},
        {"high", "us"},
        {"control low", "us"}},
       {{"block1/maxpool/batch4", "source", 1000.0, slope, slope - 20, slope + 20, control_low},
        {"block1/maxpool/batch4", "destination", 1000.0, 900.0, 880.0, 920.0, std::nan("")}}});
  report.findings = {
      {"hot_cold/block1/maxpool/batch4/source", "", "us", {slope, slope - 20, slope + 20}, false}};
  return report;
}

explain::ExperimentReport fused_report(double traffic) {
  auto report = named_report("fused");
  report.findings = {ms_finding("fused/block1/maxpool/apart", {10, 9.9, 10.1}),
                     ms_finding("fused/block1/maxpool/traffic", {traffic, traffic - 0.5, traffic + 0.5})};
  return report;
}

explain::ExperimentReport prediction_report(double traffic, double arithmetic) {
  auto report = named_report("prediction");
  report.tables.push_back(
      {"maxpool",
       "",
       {{"step", ""}, {"measured", "ms"}, {"arithmetic", "ms"}, {"traffic", "ms"}},
       {{"conv1", 20.0, 15.0, 2.0}, {"pool1", 10.0, arithmetic, traffic}, {"fc1", 3.0, 1.0, 2.5}}});
  report.tables.push_back({"strided",
                           "",
                           {{"step", ""}, {"measured", "ms"}, {"arithmetic", "ms"}, {"traffic", "ms"}},
                           {{"conv1", 5.0, 4.0, 0.5}, {"fc1", 3.0, 1.0, 2.5}}});
  return report;
}

explain::ExperimentReport working_set_report(double small, double large) {
  auto report = named_report("working_set");
  report.tables.push_back({"block1_maxpool",
                           "",
                           {{"side", ""},
                            {"touched", "MB"},
                            {"time", "us"},
                            {"per output pixel", "ns"},
                            {"low", "ns"},
                            {"high", "ns"}},
                           {{14.0, 0.003, 0.9, 36.0, 32.0, 38.0},  // the call itself: left out
                            {160.0, 0.6, 25.0, small, small - 0.1, small + 0.1},
                            {320.0, 90.0, 9000.0, large, large - 0.1, large + 0.1}}});
  return report;
}

// All in one report, with the account as the program makes it.
explain::ExperimentReport account_of(std::vector<explain::ExperimentReport> reports) {
  explain::add_account(reports, explain::experiment_table(), "study explain");
  EXPECT_EQ(reports.front().name, explain::kAccountName);
  return reports.front();
}

std::string sentence(const explain::ExperimentReport& account, const std::string& id) {
  const auto* finding = explain::find_finding(account, "account/" + id);
  return finding == nullptr ? "" : finding->text;
}

TEST(Account, BelievesExperimentsThatAgree) {
  const auto account = account_of({working_set_report(1, 4), hot_cold_report(2000), strips_report(8.2),
                                   fused_report(7.5), prediction_report(3.7, 0.5)});
  const auto text = sentence(account, "block1 maxpool/traffic");
  EXPECT_THAT(text, AllOf(HasSubstr("memory traffic"), HasSubstr("strips 82%"), HasSubstr("hot_cold 67%"),
                          HasSubstr("; fused cannot tell"), HasSubstr("working_set 75%"),
                          HasSubstr("No experiment excludes")));
  EXPECT_THAT(text, Not(HasSubstr("not explained")));
  EXPECT_THAT(sentence(account, "block1 maxpool/bandwidth"), IsEmpty()) << "37% within a third: unsure";
}

TEST(Account, DoesNotExplainWhatExperimentsContradict) {
  const auto account = account_of({hot_cold_report(5), strips_report(8.2)});
  const auto text = sentence(account, "block1 maxpool/traffic");
  EXPECT_THAT(text, HasSubstr("block1 maxpool: not explained: strips says memory traffic"));
  EXPECT_THAT(text, HasSubstr("hot_cold says not; the next experiment is "));
  EXPECT_THAT(text, HasSubstr("study explain --experiments"));
  EXPECT_THAT(text, Not(HasSubstr("No experiment excludes")));
  const auto* table = explain::find_table(account, "account");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(explain::text_in(*table, table->rows.front(), "together"), "NOT EXPLAINED");
  EXPECT_EQ(explain::text_in(*table, table->rows.front(), "strips"), "supports 82%");
  EXPECT_EQ(explain::text_in(*table, table->rows.front(), "hot_cold"), "excludes 0%");
}

TEST(Account, DoesNotCountASetThatWasNeverHot) {
  const auto account = account_of({hot_cold_report(5, 0.97), strips_report(8.2)});
  EXPECT_THAT(sentence(account, "block1 maxpool/traffic"),
              AllOf(HasSubstr("by one experiment only: strips"), HasSubstr("hot_cold cannot tell")));
}

TEST(Account, NamesTheCauseThatAllExclude) {
  const auto account = account_of({hot_cold_report(5), strips_report(0.6), fused_report(0.7)});
  EXPECT_THAT(sentence(account, "block1 maxpool/excluded"), AllOf(HasSubstr("traffic"), HasSubstr("fused")));
  EXPECT_THAT(sentence(account, "block1 maxpool/traffic"), IsEmpty());
  EXPECT_THAT(sentence(account, "block1 maxpool/instructions"), HasSubstr("strips 94%"));
}

TEST(Account, SaysSoWhenNobodyCanTell) {
  const auto account = account_of({prediction_report(3, 3)});
  EXPECT_THAT(sentence(account, "block1 maxpool"),
              AllOf(HasSubstr("not explained: no experiment shows a cause"), HasSubstr("prediction 30%"),
                    HasSubstr("the next experiment is")));
  EXPECT_THAT(sentence(account, "block1 convolution/instructions"), HasSubstr("prediction 75%"));
  EXPECT_THAT(sentence(account, "block1 strided/instructions"), HasSubstr("prediction 80%"));
}

TEST(Account, BelievesNoModelThatSaysMoreThanWasMeasured) {
  const auto account = account_of({prediction_report(8, 9)});  // 17 of 10 ms
  EXPECT_THAT(sentence(account, "block1 maxpool/bandwidth"), IsEmpty());
  EXPECT_THAT(sentence(account, "block1 maxpool"), HasSubstr("the model says more than was measured"));
}

TEST(Account, NamesExperimentsThatWereDisturbed) {
  auto strips = strips_report(5);  // parts within 10%: narrow enough
  strips.neighbours_share = 0.4;
  EXPECT_THAT(account_of({strips}).notes.back(), HasSubstr("busy machine"));
  strips.neighbours_share = 0;
  EXPECT_THAT(account_of({strips}).notes.back(), Not(HasSubstr("busy machine")));
}

TEST(Account, AKindOfTrafficNeedsTraffic) {
  const auto say = [](const std::string& who, const std::string& cause, double low, double high) {
    return Testimony{who, {"block1 maxpool", cause, {(low + high) / 2, low, high}, "seen", "another"}};
  };
  const auto standing = [](const std::vector<Testimony>& all, const std::string& cause) {
    for (const auto& account : explain::weigh(all))
      if (account.cause == cause) return account.standing;
    return Standing::unknown;
  };
  const std::vector<Testimony> orphan{say("strips", "traffic", 0, 0.1),
                                      say("prediction", "bandwidth", 0.8, 0.9)};
  EXPECT_EQ(standing(orphan, "bandwidth"), Standing::disputed);
  EXPECT_EQ(standing(orphan, "traffic"), Standing::excluded);
  const std::vector<Testimony> no_kind{say("strips", "traffic", 0.7, 0.9),
                                       say("parallelism", "bandwidth", 0, 0.1),
                                       say("parallelism", "waiting", 0, 0.1)};
  EXPECT_EQ(standing(no_kind, "traffic"), Standing::disputed);
  const std::vector<Testimony> one_kind{say("strips", "traffic", 0.7, 0.9),
                                        say("parallelism", "bandwidth", 0, 0.1),
                                        say("parallelism", "waiting", 0.5, 0.6)};
  EXPECT_EQ(standing(one_kind, "traffic"), Standing::explained);
  EXPECT_EQ(standing(one_kind, "waiting"), Standing::explained);
  EXPECT_EQ(standing(one_kind, "bandwidth"), Standing::excluded);
}

// Whatever they say: a cause is explained only where nobody excludes it, and never both.
TEST(Account, NeverStatesACauseThatAnotherExperimentExcludes) {
  std::mt19937 random(18);
  std::uniform_real_distribution<double> share(0, 1);
  for (int repetition = 0; repetition < 500; ++repetition) {
    std::vector<Testimony> all;
    for (const char* who : {"strips", "hot_cold", "fused", "parallelism"}) {
      for (const auto& row : explain::causes()) {
        const double a = share(random), b = share(random);
        if (share(random) < 0.4) continue;
        all.push_back(
            {who, {"step", row.name, {(a + b) / 2, std::min(a, b), std::max(a, b)}, "seen", "next"}});
      }
    }
    const auto excluded = [&](const std::string& cause) {
      return std::ranges::any_of(all, [&](const Testimony& t) {
        return t.evidence.cause == cause && t.evidence.verdict() == explain::Verdict::excludes;
      });
    };
    const auto account = explain::make_account(all, {"strips", "hot_cold", "fused", "parallelism"}, "repeat");
    for (const auto& finding : account.findings) {
      const auto parts = explain::parts_of_id(finding.id);
      if (parts.size() != 3 || parts[2] == "excluded") continue;
      const auto& parent = explain::cause(parts[2]).kind_of;
      if (excluded(parts[2]) || (!parent.empty() && excluded(parent))) {
        EXPECT_THAT(finding.text, HasSubstr("step: not explained: ")) << repetition;
        EXPECT_THAT(finding.text, HasSubstr("the next experiment is next")) << repetition;
      }
    }
  }
}

// The claim on memory and FLOPs is decided by factorial alone: not where others contradict it.
TEST(Account, WhatItDoesNotExplainDecidesNoClaim) {
  auto factorial = named_report("factorial");
  factorial.findings = {ms_finding("factorial/maxpool-strided/network", {10, 9.9, 10.1}),
                        ms_finding("factorial/maxpool-strided/block1/convolution", {3, 2.9, 3.1}),
                        ms_finding("factorial/maxpool-strided/block1/traffic", {7, 6.9, 7.1})};
  const auto path = std::filesystem::path(::testing::TempDir()) / "account_test.json";
  for (const double cold_us : {2000.0, 5.0}) {
    explain::ExplainReport report;
    report.experiments = {factorial, strips_report(8.2), hot_cold_report(cold_us)};
    explain::add_account(report.experiments, explain::experiment_table(), "study explain");
    std::ofstream(path) << explain::to_json(report).dump();
    const auto shares = findings::explained_shares(path);
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].disputed, cold_us < 100) << cold_us;
  }
}

TEST(Account, SaysWhenNoExperimentSpeaksOfCauses) {
  const auto account = account_of({named_report("whole")});
  EXPECT_THAT(account.not_available, HasSubstr("run strips"));
}

TEST(Evidence, IsJudgedByTheEndsOfItsInterval) {
  const auto verdict = [](explain::Interval share) {
    return explain::Evidence{"step", "traffic", share, "", ""}.verdict();
  };
  EXPECT_EQ(verdict({0.5, 0.41, 0.6}), explain::Verdict::supports);
  EXPECT_EQ(verdict({0.5, 0.39, 0.6}), explain::Verdict::cannot_tell);
  EXPECT_EQ(verdict({0.1, 0, 0.19}), explain::Verdict::excludes);
  EXPECT_EQ(verdict({0.1, 0, 0.21}), explain::Verdict::cannot_tell);
  EXPECT_EQ(verdict({std::nan(""), std::nan(""), std::nan("")}), explain::Verdict::cannot_tell);
}

}  // namespace
}  // namespace dsx

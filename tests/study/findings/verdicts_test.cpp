// The sentences, and the rules that decide them.
#include "study/findings/verdicts.hpp"

#include <gmock/gmock.h>

#include "study/cli/text_table.hpp"
#include "study/findings/claim_parts.hpp"
#include "study/findings/claims.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

findings::Question specificity() {
  return {"specificity on test at 95% sensitivity on val",
          "decision",
          "sensitivity/specificity",
          "specificity",
          "is more specific than",
          "is less specific than",
          "at 95% sensitivity on val"};
}

findings::Answer answer_of(double value, double low, double high, double p_holm) {
  findings::Answer answer{"maxpool", "avgpool", {}, p_holm};
  statistics::Estimate& e = answer.found.estimate;
  e.value = value;
  e.low = low;
  e.high = high;
  e.se = (high - low) / 4;
  e.p = p_holm;
  return answer;
}

TEST(Verdict, SaysWhichWayByHowMuchAndHowSurely) {
  EXPECT_EQ(findings::judge(specificity(), answer_of(-.041, -.073, -.010, .02), 3, .05, "").sentence,
            "maxpool is less specific than avgpool at 95% sensitivity on val by 4.1 points (1.0 to 7.3), p = "
            ".020 after "
            "correction");
  EXPECT_EQ(
      findings::judge(specificity(), answer_of(.041, .010, .073, .0004), 3, .05,
                      "with 20% wrong labels (symmetric)")
          .sentence,
      "with 20% wrong labels (symmetric): maxpool is more specific than avgpool at 95% sensitivity on val by "
      "4.1 "
      "points (1.0 to 7.3), p < .001 after correction");
}

TEST(Verdict, SaysWhatWouldNotHaveBeenSeen) {
  const findings::Verdict verdict =
      findings::judge(specificity(), answer_of(-.012, -.052, .028, .4), 3, .05, "");
  EXPECT_EQ(verdict.word, "cannot tell");
  // (z(1 - .05/6) + z(.8)) * se with se = .02.
  EXPECT_NEAR(verdict.detectable, (2.393980 + 0.841621) * .02, 1e-6);
  EXPECT_EQ(verdict.sentence,
            "these data cannot tell maxpool and avgpool apart in specificity at 95% sensitivity on val: -1.2 "
            "points (-5.2 "
            "to 2.8), p = .400 after correction; a difference below 6.5 points would not be seen");
}

TEST(Verdict, AnIntervalWithoutZeroIsNotEnoughWhenTheCorrectionSaysNo) {
  const findings::Verdict verdict =
      findings::judge(specificity(), answer_of(-.041, -.073, -.010, .06), 3, .05, "");
  EXPECT_EQ(verdict.word, "cannot tell");
  EXPECT_THAT(verdict.sentence,
              HasSubstr("-4.1 points (-7.3 to -1.0), p = .060 after correction (its own interval "
                        "leaves out 0, but it is one of 3 comparisons); "));
  EXPECT_THAT(findings::judge(specificity(), answer_of(-.041, -.073, .010, .06), 3, .05, "").sentence,
              Not(HasSubstr("leaves out")));
}

TEST(Verdict, TurnsARatioSoThatItIsAboveOne) {
  findings::Question question = specificity();
  question.comparing = findings::Comparing::ratio;
  question.scale = 1;
  question.digits = 2;
  question.unit = "times";
  question.higher = "is slower than";
  question.lower = "is faster than";
  question.where = "per batch of 32";
  const findings::Verdict verdict = findings::judge(question, answer_of(.5, .4, .625, .001), 3, .05, "");
  EXPECT_EQ(verdict.word, "lower");
  EXPECT_EQ(verdict.sentence,
            "maxpool is faster than avgpool per batch of 32 by a factor of 2.00 (1.60 to 2.50), p = .001 "
            "after correction");
}

TEST(Verdict, WritesPValuesAsPapersDo) {
  EXPECT_EQ(cli::p_text(.0004), "p < .001");
  EXPECT_EQ(cli::p_text(.004), "p = .004");
  EXPECT_EQ(cli::p_text(.02), "p = .020");
  EXPECT_EQ(cli::p_text(.4), "p = .400");
  EXPECT_EQ(cli::p_text(.99851), "p = .999");
  EXPECT_EQ(cli::p_text(1), "p > .999");
  EXPECT_EQ(cli::p_text(statistics::kNotEstimable), "p unknown");
  EXPECT_EQ(findings::plain_number(-0.04, 1), "0.0");
  EXPECT_EQ(findings::plain_number(-0.06, 1), "-0.1");
}

TEST(Question, ABrierScoreIsNoShareAndHasNoPoints) {
  for (const findings::Question& question : findings::questions_of(analysis::Comparison{})) {
    if (question.key != "brier") continue;
    EXPECT_THAT(findings::judge(question, answer_of(-.0104, -.0381, .0182, .4), 3, .05, "").sentence,
                HasSubstr("the Brier score (0 best, 1 worst): -0.010 (-0.038 to 0.018), p = .400"));
    return;
  }
  FAIL() << "no question on the Brier score";
}

findings::Part part_of(double low, double high) {
  findings::Part part{"a - b", {}};
  part.estimate.value = (low + high) / 2;
  part.estimate.low = low;
  part.estimate.high = high;
  return part;
}

TEST(Claim, IsDecidedByItsIntervalsAlone) {
  EXPECT_EQ(findings::decide({part_of(.01, .02), part_of(.001, .1)}), "supported");
  EXPECT_EQ(findings::decide({part_of(.01, .02), part_of(-.1, -.001)}), "contradicted");
  EXPECT_EQ(findings::decide({part_of(.01, .02), part_of(-.1, .1)}), "cannot tell");
  EXPECT_EQ(
      findings::decide({part_of(.01, .02), findings::Part{"a - b", statistics::cannot_estimate("one seed")}}),
      "cannot tell");
  EXPECT_EQ(findings::decide({}), "cannot tell");
  findings::Part ratio = part_of(1.1, 1.2);
  ratio.null = 1;
  EXPECT_EQ(findings::decide({ratio}), "supported");
}

TEST(Claim, ShowsOnWhichSideOfItsNullAnIntervalEnds) {
  findings::Part ratio = part_of(.981, .9982);
  ratio.scale = 1;
  ratio.unit = "";
  ratio.digits = 2;
  ratio.null = 1;
  EXPECT_EQ(findings::part_text(ratio), "a - b 0.990 (0.981 to 0.998)");
  ratio.estimate.high = 1.2;
  EXPECT_EQ(findings::part_text(ratio), "a - b 0.99 (0.98 to 1.20)");
  EXPECT_EQ(findings::part_text(part_of(.0002, .016)), "a - b 0.81 (0.02 to 1.60) points");
}

TEST(Claim, NamesThePartsThatItsVerdictHides) {
  findings::Part up = part_of(.01, .02), down = part_of(-.02, -.01);
  down.name = "c - d";
  EXPECT_EQ(findings::by_part_text({up, down}), "; by itself c - d: contradicted; a - b: supported");
  EXPECT_EQ(findings::by_part_text({up, up}), "");
}

}  // namespace
}  // namespace dsx

// The sentences, and the rules that decide them.
#include "study/compare/verdicts.hpp"

#include <gmock/gmock.h>

#include "study/compare/claims.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

Question specificity() {
  return {"specificity on test at 95% sensitivity on val",
          "decision",
          "sensitivity/specificity",
          "specificity",
          "is more specific than",
          "is less specific than",
          "at 95% sensitivity on val"};
}

Answer answer_of(double value, double low, double high, double p_holm) {
  Answer answer{"maxpool", "avgpool", {}, p_holm};
  Estimate& e = answer.found.estimate;
  e.value = value;
  e.low = low;
  e.high = high;
  e.se = (high - low) / 4;
  e.p = p_holm;
  return answer;
}

TEST(Verdict, SaysWhichWayByHowMuchAndHowSurely) {
  EXPECT_EQ(judge(specificity(), answer_of(-.041, -.073, -.010, .02), 3, .05, "").sentence,
            "maxpool is less specific than avgpool at 95% sensitivity on val by 4.1 points (1.0 to 7.3), p = "
            ".02 after "
            "correction");
  EXPECT_EQ(
      judge(specificity(), answer_of(.041, .010, .073, .0004), 3, .05, "with 20% wrong labels (symmetric)")
          .sentence,
      "with 20% wrong labels (symmetric): maxpool is more specific than avgpool at 95% sensitivity on val by "
      "4.1 "
      "points (1.0 to 7.3), p < .001 after correction");
}

TEST(Verdict, SaysWhatWouldNotHaveBeenSeen) {
  const Verdict verdict = judge(specificity(), answer_of(-.012, -.052, .028, .4), 3, .05, "");
  EXPECT_EQ(verdict.word, "cannot tell");
  // (z(1 - .05/6) + z(.8)) * se with se = .02.
  EXPECT_NEAR(verdict.detectable, (2.393980 + 0.841621) * .02, 1e-6);
  EXPECT_EQ(verdict.sentence,
            "these data cannot tell maxpool and avgpool apart in specificity at 95% sensitivity on val: -1.2 "
            "points (-5.2 "
            "to 2.8), p = .40 after correction; a difference below 6.5 points would not be seen");
}

TEST(Verdict, AnIntervalWithoutZeroIsNotEnoughWhenTheCorrectionSaysNo) {
  EXPECT_EQ(judge(specificity(), answer_of(-.041, -.073, -.010, .06), 3, .05, "").word, "cannot tell");
}

TEST(Verdict, TurnsARatioSoThatItIsAboveOne) {
  Question question = specificity();
  question.comparing = Comparing::ratio;
  question.scale = 1;
  question.digits = 2;
  question.unit = "times";
  question.higher = "is slower than";
  question.lower = "is faster than";
  question.where = "per batch of 32";
  const Verdict verdict = judge(question, answer_of(.5, .4, .625, .001), 3, .05, "");
  EXPECT_EQ(verdict.word, "lower");
  EXPECT_EQ(verdict.sentence,
            "maxpool is faster than avgpool per batch of 32 by a factor of 2.00 (1.60 to 2.50), p = .001 "
            "after correction");
}

TEST(Verdict, WritesPValuesAsPapersDo) {
  EXPECT_EQ(p_text(.0004), "p < .001");
  EXPECT_EQ(p_text(.004), "p = .004");
  EXPECT_EQ(p_text(.02), "p = .02");
  EXPECT_EQ(p_text(.4), "p = .40");
  EXPECT_EQ(p_text(1), "p = 1");
  EXPECT_EQ(plain_number(-0.04, 1), "0.0");
  EXPECT_EQ(plain_number(-0.06, 1), "-0.1");
}

Part part_of(double low, double high) {
  Part part{"a - b", {}};
  part.estimate.value = (low + high) / 2;
  part.estimate.low = low;
  part.estimate.high = high;
  return part;
}

TEST(Claim, IsDecidedByItsIntervalsAlone) {
  EXPECT_EQ(decide({part_of(.01, .02), part_of(.001, .1)}), "supported");
  EXPECT_EQ(decide({part_of(.01, .02), part_of(-.1, -.001)}), "contradicted");
  EXPECT_EQ(decide({part_of(.01, .02), part_of(-.1, .1)}), "cannot tell");
  EXPECT_EQ(decide({part_of(.01, .02), Part{"a - b", cannot_estimate("one seed")}}), "cannot tell");
  EXPECT_EQ(decide({}), "cannot tell");
  Part ratio = part_of(1.1, 1.2);
  ratio.null = 1;
  EXPECT_EQ(decide({ratio}), "supported");
}

}  // namespace
}  // namespace dsx

// The sentences, and the rules that decide them.
#include "study/findings/verdicts.hpp"

#include <gmock/gmock.h>

#include <cmath>

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

// Three comparisons in the family.
findings::Family three(const std::string& noise = "") { return {3, .05, noise, {624, 624}}; }

TEST(Verdict, SaysWhichWayByHowMuchAndHowSurely) {
  EXPECT_EQ(findings::judge(specificity(), answer_of(-.041, -.073, -.010, .02), three()).sentence,
            "maxpool is less specific than avgpool at 95% sensitivity on val by 4.1 points (1.0 to 7.3), p = "
            ".020 after "
            "correction");
  EXPECT_EQ(
      findings::judge(specificity(), answer_of(.041, .010, .073, .0004),
                      three("with 20% wrong labels (symmetric)"))
          .sentence,
      "with 20% wrong labels (symmetric): maxpool is more specific than avgpool at 95% sensitivity on val by "
      "4.1 "
      "points (1.0 to 7.3), p < .001 after correction");
}

TEST(Verdict, SaysWhatWouldNotHaveBeenSeen) {
  const findings::Verdict verdict =
      findings::judge(specificity(), answer_of(-.012, -.052, .028, .4), three());
  EXPECT_EQ(verdict.word, "undecided");
  // (z(1 - .05/6) + z(.8)) * se with se = .02.
  EXPECT_NEAR(verdict.detectable, (2.393980 + 0.841621) * .02, 1e-6);
  EXPECT_EQ(
      verdict.sentence,
      "these data cannot tell maxpool and avgpool apart in specificity at 95% sensitivity on val: -1.2 "
      "points (-5.2 "
      "to 2.8), p = .400 after correction; a difference below 6.5 points would be missed more than once in "
      "five times");
}

// Points of a share end at 100, however little the data say.
TEST(Verdict, DetectsNothingAboveAHundredPoints) {
  findings::Answer answer = answer_of(.1, -.9, .99, .4);
  answer.found.largest = 1;
  const findings::Verdict verdict = findings::judge(specificity(), answer, three());
  EXPECT_EQ(verdict.detectable, 1);
  EXPECT_THAT(verdict.sentence, HasSubstr("any difference would be missed more than once in five times"));
}

// value, se with 4 degrees of freedom; seeds' spread and the images' shared error of that size.
findings::Answer measured(double value, double se, double shared_sd) {
  findings::Answer answer{"maxpool", "avgpool", {}};
  answer.found.estimate = statistics::t_interval(value, se, 4, .95);
  statistics::SeedSummary& s = answer.found.summary;
  s.seeds = 5;
  s.mean = answer.found.estimate;
  s.shared_image_sd = shared_sd;
  s.image_sd = shared_sd;
  s.seed_sd = std::sqrt(5 * (se * se - shared_sd * shared_sd));
  return answer;
}

findings::Verdict judged(const findings::Question& question, const findings::Answer& answer) {
  std::vector<findings::Answer> family = {answer};
  findings::correct_family(question, family);
  return findings::judge(question, family[0], {1, .05, "", {624, 624}});
}

findings::Question with_margin(double margin, int better = 1) {
  findings::Question question = specificity();
  question.margin = margin;
  question.better = better;
  return question;
}

TEST(Verdict, CallsADifferenceWithinTheMarginEquivalent) {
  const findings::Verdict verdict = judged(with_margin(.05), measured(.004, .01, .005));
  EXPECT_EQ(verdict.word, "equivalent");
  EXPECT_THAT(verdict.sentence,
              HasSubstr("maxpool and avgpool are equivalent in specificity at 95% sensitivity on val: "
                        "0.4 points (-2.4 to 3.2), margin 5 points, p = .010 after correction"));
  EXPECT_EQ(judged(specificity(), measured(.004, .01, .005)).word, "undecided");  // no margin was declared
}

TEST(Verdict, SaysThatADifferenceIsFoundAndDoesNotMatter) {
  const findings::Verdict verdict = judged(with_margin(.05), measured(.01, .002, .001));
  EXPECT_EQ(verdict.word, "higher");
  EXPECT_THAT(verdict.sentence, HasSubstr("and by less than the margin of 5 points"));
}

TEST(Verdict, SaysWhoIsNoWorse) {
  EXPECT_THAT(judged(with_margin(.05), measured(.03, .02, .005)).sentence,
              HasSubstr("maxpool is no worse than avgpool in specificity at 95% sensitivity on val by as "
                        "much as 5 points"));
  EXPECT_THAT(judged(with_margin(.05), measured(-.03, .02, .005)).sentence,
              HasSubstr("avgpool is no worse than maxpool"));
  // Less is better: the higher one may be the worse one.
  EXPECT_THAT(judged(with_margin(.05, -1), measured(.03, .02, .005)).sentence,
              HasSubstr("avgpool is no worse than maxpool"));
  EXPECT_EQ(judged(with_margin(.05, 0), measured(.03, .02, .005)).word, "undecided");
}

TEST(Verdict, UndecidedSaysWhatWouldDecideIt) {
  const findings::Verdict more = judged(with_margin(.01), measured(.03, .02, .005));
  EXPECT_EQ(more.word, "undecided");
  EXPECT_GT(more.needs.seeds, 5);
  EXPECT_LT(more.needs.seeds, 30);
  EXPECT_THAT(more.sentence, ::testing::MatchesRegex(".*; about [0-9]+ seeds.* would decide it"));
  const findings::Verdict never = judged(with_margin(.001), measured(.002, .02, .01));
  EXPECT_THAT(never.sentence, HasSubstr("; never with these 624 test images: they leave 2.8 points"));
  EXPECT_TRUE(std::isnan(never.needs.seeds));
}

TEST(Verdict, AnIntervalWithoutZeroIsNotEnoughWhenTheCorrectionSaysNo) {
  const findings::Verdict verdict =
      findings::judge(specificity(), answer_of(-.041, -.073, -.010, .06), three());
  EXPECT_EQ(verdict.word, "undecided");
  EXPECT_THAT(verdict.sentence,
              HasSubstr("-4.1 points (-7.3 to -1.0), p = .060 after correction (its own interval "
                        "leaves out 0, but it is one of 3 comparisons); "));
  EXPECT_THAT(findings::judge(specificity(), answer_of(-.041, -.073, .010, .06), three()).sentence,
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
  const findings::Verdict verdict = findings::judge(question, answer_of(.5, .4, .625, .001), three());
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
    EXPECT_THAT(findings::judge(question, answer_of(-.0104, -.0381, .0182, .4), three()).sentence,
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

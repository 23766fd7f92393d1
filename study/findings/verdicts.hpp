// Each question's answer in one plain sentence, made from the estimate and the corrected p by fixed rules.
//   higher, lower   found different: Holm's p at most alpha
//   equivalent      not found different, and the interval lies within the question's margin
//   no worse        neither, but one is surely not worse than the other by as much as the margin
//   undecided       none of them; the sentence says what would decide it
//   not estimable   there is no interval
// Each kind of test is corrected within its family (Holm), all comparisons of one question at one noise
// level.
#pragma once

#include <string>

#include "study/analysis/analysis.hpp"
#include "study/findings/needs.hpp"
#include "study/findings/questions.hpp"

namespace dsx::findings {

// Adds the table `verdicts`.
void add_verdicts(analysis::Analysis& analysis);
// Main questions on clean labels (Question::main) that are not decided: "AUC on test: maxpool - avgpool".
std::vector<std::string> open_main_questions(const analysis::Analysis& analysis);

// One comparison before and after its family is corrected.
struct Answer {
  std::string a, b;  // b empty: with a fixed value
  analysis::OverSeeds found;
  double p_holm = statistics::kNotEstimable;
  double p_equivalent = statistics::kNotEstimable;  // of "differs by the margin or more"; NaN: no margin
  double p_no_worse = statistics::kNotEstimable;    // of "one is worse by the margin or more"
  bool a_is_no_worse = true;                        // which one p_no_worse is of
};
// What the answers of a family share.
struct Family {
  std::size_t size = 1;
  double alpha = 0.05;  // of the family, at this look
  std::string noise;    // words put in front; may be empty
  TestSet test;
  double alpha_of_one() const { return alpha / static_cast<double>(size); }
};
struct Verdict {
  std::string word;
  std::string sentence;  // without a full stop
  // A smaller difference would be missed more than once in five times; a ratio where the question is one. At
  // most what a figure can be at all.
  double detectable = statistics::kNotEstimable;
  Needs needs;  // of an undecided one
};
Verdict judge(const Question& question, const Answer& answer, const Family& family);
// Puts Holm's corrections into the answers of one family.
void correct_family(const Question& question, std::vector<Answer>& answers);

std::string plain_number(double value, int digits);  // never "-0.0"
// `digits`, or as many more (up to three) as show on which side of `null` each end of the interval lies: a
// ratio's 0.998 must not read 1.00. All in the unit shown.
int digits_that_tell(const statistics::Estimate& e, double scale, double null, int digits);

}  // namespace dsx::findings

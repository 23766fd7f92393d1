// Each question's answer in one plain sentence, made from the estimate and the corrected p by fixed rules.
#pragma once

#include <string>

#include "study/analysis/analysis.hpp"
#include "study/findings/questions.hpp"

namespace dsx::findings {

// Adds the table `verdicts`.
void add_verdicts(analysis::Analysis& analysis);

// One comparison before and after its family is corrected.
struct Answer {
  std::string a, b;  // b empty: with a fixed value
  analysis::OverSeeds found;
  double p_holm = statistics::kNotEstimable;
};
struct Verdict {
  std::string word;      // higher, lower, "cannot tell", "not estimable"
  std::string sentence;  // without a full stop
  double detectable =
      statistics::kNotEstimable;  // at alpha over the family's size; a ratio where the question is one
};
// `family`: comparisons corrected together. `noise`: words put in front; may be empty.
Verdict judge(const Question& question, const Answer& answer, std::size_t family, double alpha,
              const std::string& noise);

std::string plain_number(double value, int digits);  // never "-0.0"
// `digits`, or as many more (up to three) as show on which side of `null` each end of the interval lies: a
// ratio's 0.998 must not read 1.00. All in the unit shown.
int digits_that_tell(const statistics::Estimate& e, double scale, double null, int digits);

}  // namespace dsx::findings

// What would decide a comparison that is not decided, in words: "about 9 seeds, or 1,200 more test images".
#pragma once

#include <string>

#include "study/analysis/figures.hpp"
#include "study/findings/questions.hpp"

namespace dsx::findings {

// The test images that a comparison has, and whose they are.
struct TestSet {
  std::size_t images = 0, subjects = 0;
};

struct Needs {
  double seeds = statistics::kNotEstimable;          // in all; NaN: never, or not known
  double more_subjects = statistics::kNotEstimable;  // with these seeds; NaN: never, or not known
  std::string text;                                  // empty when not known
};
// `alpha`: of this comparison alone, as its verdict was made. Figures without seeds (latency) have no needs.
Needs needs_of(const Question& question, const analysis::OverSeeds& found, double alpha, const TestSet& test);

}  // namespace dsx::findings

// The questions of a comparison, each a row: where its figures are, and the words for its answer. A family,
// whose tests are corrected together, is all comparisons of one question at one noise level.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "study/analysis/judged.hpp"

namespace dsx::findings {

// How figures of a question compare: of two variants (a minus b), of two variants as a ratio (a over b), or
// of one variant with a fixed value (its excess over the prevalence, its slope against 1).
enum class Comparing { difference, ratio, with_null };

struct Question {
  std::string text;        // "specificity on test at 95% sensitivity on val"
  std::string topic, key;  // of its Records
  std::string noun;        // "specificity"
  std::string higher,
      lower;           // "is more specific than", "is less specific than"; with_null: a whole predicate
  std::string where;   // "at 95% sensitivity on val"
  double scale = 100;  // a figure times this is shown
  std::string unit = "points";
  int digits = 1;
  Comparing comparing = Comparing::difference;
  double null = 0;                  // with_null: what p is against
  bool by_noise = true;             // false: a question of its own, not one per noise level
  analysis::NoiseLevel noise = {};  // where by_noise is false
  // What a difference is held against, in the figure's unit; NaN: no margin was declared for it.
  double margin = std::numeric_limits<double>::quiet_NaN();
  int better = 0;         // 1: more is better, -1: less is, 0: neither
  bool main = false;      // what the study is about, on clean labels: --until-decided waits for it
  std::string open = {};  // with_null: what the data cannot tell; "whether {} is" with the variant put in
};

std::vector<Question> questions_of(const analysis::Comparison& comparison);

}  // namespace dsx::findings

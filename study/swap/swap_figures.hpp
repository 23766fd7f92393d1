// What the runs of swap_run.hpp say, as figures of the comparison's one bootstrap: V(a, b), a figure of the
// network trained with operator a and run with operator b, of each cell and operator. Everything else (a
// change, an operator's part of a difference, a slope over the dose) is a weighted sum of them over cells,
// paired by image and by seed; swap_tables.cpp makes those.
#pragma once

#include <string>
#include <vector>

#include "study/analysis/analysis.hpp"
#include "study/swap/swap_run.hpp"

namespace dsx::swap {

// A figure of one cell run with one operator.
//   split  test or val
//   rule   "" where no threshold takes part. Else how images are decided: half (probability .5), youden and
//          sensitivity (the threshold that val chose for the network with its own operator, frozen),
//          youden_again and sensitivity_again (chosen again by the same rule on val, for the network as it is
//          run)
//   metric logit (mean), auc, sensitivity, specificity, predicted_positive_rate; logit_change_sd (standard
//          deviation over images of the change of the logit) and rank_correlation (Spearman), both against
//          the own operator
struct SwapFigure {
  data::Split split = data::Split::test;
  std::string rule, metric;
  analysis::FigureRange range;  // of V itself
  bool is_of_change = false;    // of the run against the own operator's, with no value for a run alone
  bool of_power_means = true;   // also taken of operators that are only a dose (power means)
};
const std::vector<SwapFigure>& swap_figures();
// "swap/maxpool/test/half/sensitivity"
std::string swap_name(const SwapFigure& figure, const std::string& run_with);
// Whether networks are trained with it: not with power means, which are only a dose.
bool is_in_table(const std::string& run_with);
bool has_figure(const SwapFigure& figure, const std::string& run_with);

// `logits` by cell. A cell whose logits are not available, or whose splits are too small, has figures with a
// reason.
void add_swap_figures(analysis::Analysis& analysis, const std::vector<SwapLogits>& logits);

}  // namespace dsx::swap

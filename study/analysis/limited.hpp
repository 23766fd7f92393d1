// How test figures change with the number of training images, and whether differences between variants do.
#pragma once

#include <string>
#include <vector>

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

// Of the tables below: name, and the named figures of a cell that make it.
struct LimitedMetric {
  std::string name;  // "auc", "half/specificity", "gap"
  std::vector<std::pair<std::string, double>> terms;
};
const std::vector<LimitedMetric>& limited_metrics();

// Tables limited and limited_difference, and records of topic "limited", key: the metric's name. One slope
// per seed by least squares over the base-2 logarithm of the images it was trained on, so "per doubling";
// then over seeds as any other figure. Clean labels. A seed with one size has no slope. After the figures of
// generalization and decision.
void add_limited_tables(Analysis& analysis);

}  // namespace dsx::analysis

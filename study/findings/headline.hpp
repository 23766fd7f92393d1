// The original's headline table beside ours.
#pragma once

#include <vector>

#include "study/analysis/analysis.hpp"

namespace dsx::findings {

// The original's table, by variant: its one seed, on the 624 test images that chose its checkpoint.
struct OriginalRow {
  const char* variant;
  double val_auc, f1, precision, recall, val_accuracy, train_accuracy, ms_per_batch, images_per_s;
};
const std::vector<OriginalRow>& original_table();
// A column of it: where our figure for it is.
struct OriginalColumn {
  const char* name;
  double OriginalRow::*original;
  const char* key;  // of the topic generalization; "" for times
};
const std::vector<OriginalColumn>& original_columns();

void add_headline(analysis::Analysis& analysis);  // adds the table `headline`

}  // namespace dsx::findings

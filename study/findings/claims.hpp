// The original study's claims against our measurements. Each verdict is a function of intervals that is
// written down in the row itself (`how_decided`); no text is decided by hand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/analysis/figure_sets.hpp"
#include "study/findings/explained.hpp"

namespace dsx::findings {

// A statement "this figure is above 0" with the words for it.
struct Part {
  std::string name;               // "strided - avgpool"
  statistics::Estimate estimate;  // of what the claim says is above `null`
  double scale = 100;
  std::string unit = "points";
  int digits = 1;
  double null = 0;
};
// "supported" when every interval lies above null, "contradicted" when one lies below it, else "cannot tell".
std::string decide(const std::vector<Part>& parts);
std::string part_text(const Part& part);
std::string measurement_text(const std::vector<Part>& parts, const std::string& what);
// "; by itself a / b: supported; c / d: cannot tell", where the parts differ: the whole's verdict names none.
std::string by_part_text(const std::vector<Part>& parts);
extern const char* const kHowDecided;

// Adds the tables `headline` and `claims`. `explain`: see FinishOptions.
void add_claims(analysis::Analysis& analysis, const std::filesystem::path& explain);
void add_headline(analysis::Analysis& analysis);  // headline.cpp

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

bool latency_was_busy(const analysis::ComparisonResults& results);

}  // namespace dsx::findings

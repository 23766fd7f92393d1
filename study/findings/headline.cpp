// The original's headline table beside ours. Its "val" was the 624-image test set, so our figures are of
// test, too, and its threshold was probability .5.
#include "study/findings/headline.hpp"

#include <cmath>

namespace dsx::findings {
namespace {

// Batch of 32, spinning, nothing beside: row of the table `latency`, or none.
const std::vector<analysis::ResultValue>* latency_row(const analysis::ResultTable& table,
                                                      const std::string& variant) {
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.text(r, "variant") == variant && table.number(r, "batch") == 32 &&
        table.text(r, "wait") == "active" && table.text(r, "load") == "none")
      return &table.rows[r];
  return nullptr;
}

statistics::Estimate latency_of_variant(const analysis::ComparisonResults& results,
                                        const std::string& variant, bool as_rate) {
  const analysis::ResultTable& table = results.table("latency");
  const auto* row = latency_row(table, variant);
  if (row == nullptr) return statistics::cannot_estimate("latency was not measured");
  const auto at = [&](const char* column) { return std::get<double>((*row)[table.column(column)]); };
  statistics::Estimate e;
  e.value = at("median_ms");
  e.low = at("median_low_ms");
  e.high = at("median_high_ms");
  if (!as_rate) return e;
  const double batch = 1e3 * at("batch");
  return {batch / e.value,
          batch / e.high,
          batch / e.low,
          statistics::kNotEstimable,
          e.df,
          statistics::kNotEstimable,
          "",
          ""};
}

}  // namespace

const std::vector<OriginalRow>& original_table() {
  static const std::vector<OriginalRow> table = {
      {"strided", .895, .820, .697, .997, .727, .989, 50.77, 608.65},
      {"avgpool", .890, .814, .688, .997, .715, .980, 78.20, 395.13},
      {"maxpool", .854, .837, .723, .992, .757, .996, 168.70, 183.17}};
  return table;
}

const std::vector<OriginalColumn>& original_columns() {
  static const std::vector<OriginalColumn> columns = {
      {"val_auc", &OriginalRow::val_auc, "test/auc"},
      {"f1", &OriginalRow::f1, "test/f1_half"},
      {"precision", &OriginalRow::precision, "test/precision_half"},
      {"recall", &OriginalRow::recall, "test/recall_half"},
      {"val_accuracy", &OriginalRow::val_accuracy, "test/accuracy_half"},
      {"train_accuracy", &OriginalRow::train_accuracy, "train/accuracy_half"},
      {"ms_per_batch", &OriginalRow::ms_per_batch, ""},
      {"images_per_s", &OriginalRow::images_per_s, ""}};
  return columns;
}

void add_headline(analysis::Analysis& analysis) {
  analysis::ResultTable table =
      analysis::make_table("headline", "the original's table beside ours",
                           {"variant", "column", "original", "value", "low", "high", "not_estimable"});
  for (const std::string& variant : analysis.comparison.variants)
    for (const OriginalColumn& column : original_columns()) {
      double original = statistics::kNotEstimable;
      for (const OriginalRow& row : original_table())
        if (row.variant == variant) original = row.*column.original;
      statistics::Estimate ours;
      if (*column.key == '\0') {
        ours = latency_of_variant(analysis.results, variant, std::string(column.name) == "images_per_s");
      } else {
        const analysis::Record* record =
            analysis.records.find("generalization", column.key, analysis.comparison.noises.front(), variant);
        ours = record != nullptr ? record->found.estimate : statistics::cannot_estimate("not trained");
      }
      table.add({variant, column.name, original, ours.value, ours.low, ours.high, ours.not_estimable});
    }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::findings

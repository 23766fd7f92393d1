// What the original's own table says: the order of each column, its counts, its gap, its sizes and times.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "study/findings/claim_list.hpp"
#include "study/findings/claims.hpp"
#include "study/findings/headline.hpp"

namespace dsx::findings {
namespace {

// A column of the original's table, as the order that it puts the variants in; equal figures claim nothing.
Claim ranking(const OriginalColumn& column) {
  std::vector<OriginalRow> rows = original_table();
  std::stable_sort(rows.begin(), rows.end(), [&](const OriginalRow& a, const OriginalRow& b) {
    return a.*column.original > b.*column.original;
  });
  std::string order;
  std::vector<std::pair<std::string, std::string>> claimed;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) order += rows[i - 1].*column.original > rows[i].*column.original ? " > " : " = ";
    order += fmt::format("{} {:.3f}", rows[i].variant, rows[i].*column.original);
    for (std::size_t j = 0; j < i; ++j)
      if (rows[j].*column.original > rows[i].*column.original)
        claimed.emplace_back(rows[j].variant, rows[i].variant);
  }
  const std::string name = column.name, key = column.key;
  const std::string what =
      fmt::format("on {} ({})", name == "train_accuracy" ? "train" : "test, the images that were its val",
                  name == "val_auc" ? "AUC" : "at probability .5");
  return {fmt::format("{}: {}", name, order), kHowDecided, "", [=](const Evidence& e) {
            std::vector<Part> parts;
            for (const auto& [a, b] : claimed) parts.push_back(e.difference("generalization", key, a, b));
            return judged_by(parts, what);
          }};
}

Judgement specificities(const Evidence& e) {
  const auto part = [&](const char* a, const char* b) {
    return e.difference("decision", "half/specificity", a, b);
  };
  return judged_by({part("maxpool", "strided"), part("strided", "avgpool"), part("maxpool", "avgpool")},
                   "specificity on test at probability .5");
}

Judgement gap(const Evidence& e) {
  std::vector<Part> parts;
  for (const OriginalRow& row : original_table())
    parts.push_back(e.of_variant("gap", "train-test/accuracy_half", row.variant));
  return judged_by(parts, "accuracy at probability .5, train minus test");
}

Judgement parameters(const Evidence& e) {
  constexpr double kOriginal = 11396621;
  const analysis::ResultTable* variants = e.table("variants");
  if (variants == nullptr) return {"not counted", "cannot tell"};
  std::string text;
  bool all_known = true, all_equal = true;
  for (std::size_t r = 0; r < variants->rows.size(); ++r) {
    const double count = variants->number(r, "parameters");
    all_known &= std::isfinite(count);
    all_equal &= count == kOriginal;
    text += fmt::format("{}{} {:.0f}", r > 0 ? "; " : "", variants->text(r, "variant"), count);
  }
  const settings::Settings& s = e.analysis().comparison.cells.front().cell->settings;
  const bool original = s.size == 320 && s.network == "lenet" && s.channels == 1;
  return {text, !all_known || !original ? "cannot tell" : (all_equal ? "supported" : "contradicted")};
}

Judgement times(const Evidence& e) {
  const std::vector<Part> parts = {e.latency_ratio("maxpool", "avgpool"),
                                   e.latency_ratio("avgpool", "strided"),
                                   e.latency_ratio("maxpool", "strided")};
  Judgement judged = judged_by(parts, "times as long");
  judged.measurement += by_part_text(parts);
  return judged;
}

}  // namespace

std::vector<Claim> claims_of_its_table() {
  std::vector<Claim> claims;
  for (const OriginalColumn& column : original_columns())
    if (*column.key != '\0') claims.push_back(ranking(column));
  claims.push_back({"Its own counts: specificity maxpool .36 > strided .27 > avgpool .24.", kHowDecided, "",
                    specificities});
  claims.push_back(
      {"Training accuracy (.98 to .996) is far above validation accuracy (.72 to .76) in all variants.",
       kHowDecided, "", gap});
  claims.push_back({"All variants have the same 11,396,621 parameters.",
                    "counted; cannot tell unless network and images (1 x 320 x 320) are the original's", "",
                    parameters});
  claims.push_back({"Latency per batch of 32: strided 50.8 ms < avgpool 78.2 ms < maxpool 168.7 ms.",
                    std::string("ratios of medians against 1. ") + kHowDecided,
                    "study report DIR --latency-again", times});
  return claims;
}

}  // namespace dsx::findings

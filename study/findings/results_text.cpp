// The short of a comparison for a terminal: what differs, what the original claimed, and where the rest is.
#include "study/findings/results_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::findings {
namespace {

// "0.913 (0.880 - 0.941)"; "not estimable".
std::string interval(const analysis::ResultTable& table, std::size_t r, double scale, int digits) {
  if (!table.text(r, "not_estimable").empty()) return "not estimable";
  return fmt::format("{} ({} - {})", cli::fixed(scale * table.number(r, "value"), digits),
                     cli::fixed(scale * table.number(r, "low"), digits),
                     cli::fixed(scale * table.number(r, "high"), digits));
}

// The row of a variant at a noise level whose other columns are as given.
std::string find(const analysis::ResultTable& table, const std::string& kind, double noise,
                 const std::string& size, const std::string& variant,
                 const std::vector<std::pair<std::string, std::string>>& wanted, int digits) {
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (table.text(r, "variant") != variant || table.text(r, "noise_kind") != kind ||
        table.number(r, "noise") != noise || table.text(r, "train_images") != size)
      continue;
    if (std::all_of(wanted.begin(), wanted.end(),
                    [&](const auto& w) { return table.text(r, w.first) == w.second; }))
      return interval(table, r, 1, digits);
  }
  return "-";
}

std::string figures_text(const analysis::ComparisonResults& results) {
  bool any_not_learnt = false;
  cli::TextTable text({"variant", "label noise", "trained on", "seeds", "test AUC", "sensitivity",
                       "specificity", "specificity (Youden)", "Brier score"});
  const analysis::ResultTable &general = results.table("generalization"),
                              &decision = results.table("decision"),
                              &calibration = results.table("calibration");
  for (std::size_t r = 0; r < general.rows.size(); ++r) {
    if (general.text(r, "split") != "test" || general.text(r, "metric") != "auc") continue;
    const std::string variant = general.text(r, "variant"), kind = general.text(r, "noise_kind");
    const std::string size = general.text(r, "train_images");
    const double noise = general.number(r, "noise"), not_learnt = general.number(r, "not_learnt");
    any_not_learnt |= not_learnt > 0;
    const auto of = [&](const analysis::ResultTable& table,
                        const std::vector<std::pair<std::string, std::string>>& wanted) {
      return find(table, kind, noise, size, variant, wanted, 3);
    };
    text.add({variant + (not_learnt > 0 ? " !" : ""),
              noise > 0 ? fmt::format("{} {:g}", kind, noise) : "none", size,
              fmt::format("{:.0f}", general.number(r, "seeds")), interval(general, r, 1, 3),
              of(decision, {{"rule", "sensitivity"}, {"metric", "sensitivity"}}),
              of(decision, {{"rule", "sensitivity"}, {"metric", "specificity"}}),
              of(decision, {{"rule", "youden"}, {"metric", "specificity"}}),
              of(calibration, {{"metric", "brier"}})});
  }
  return fmt::format(
      "\nOn test, over seeds, with 95% intervals for new seeds and new patients. Sensitivity and specificity "
      "at "
      "the\nthreshold that gave 95% sensitivity on val, then specificity at the Youden threshold of val. "
      "Positive class: {}; negative: {}\n{}{}",
      results.positive, results.negative, text.str(),
      any_not_learnt
          ? "! with networks that have not learnt (training loss near chance): train longer before "
            "reading these rows\n"
          : "");
}

std::string latency_text(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& table = results.table("latency");
  if (table.rows.empty()) return "";
  cli::TextTable text({"variant", "batch", "waiting", "beside", "median ms", "p90 ms", "p99 ms", "images/s"});
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    text.add({table.text(r, "variant"), fmt::format("{:.0f}", table.number(r, "batch")),
              table.text(r, "wait"), table.text(r, "load"),
              fmt::format("{} ({} - {})", cli::fixed(table.number(r, "median_ms"), 2),
                          cli::fixed(table.number(r, "median_low_ms"), 2),
                          cli::fixed(table.number(r, "median_high_ms"), 2)),
              cli::fixed(table.number(r, "p90_ms"), 2), cli::fixed(table.number(r, "p99_ms"), 2),
              cli::fixed(table.number(r, "images_per_s"), 0)});
  std::string first;
  const analysis::ResultTable& warnings = results.table("latency_warnings");
  for (std::size_t r = 0; r < warnings.rows.size(); ++r) first += "\n" + warnings.text(r, "sentence");
  return first + "\nForward passes, all variants interleaved within each process:\n" + text.str();
}

// How much was decided, and where the sentences are.
std::string counts_text(const analysis::ResultTable& verdicts, const analysis::ResultTable& claims) {
  std::map<std::string, std::size_t> words;
  for (std::size_t r = 0; r < verdicts.rows.size(); ++r) ++words[verdicts.text(r, "verdict")];
  if (words.empty()) return "";
  std::vector<std::string> told;
  for (const auto& [word, count] : words) told.push_back(fmt::format("{} {}", count, word));
  std::string text =
      fmt::format("\n{}, each corrected for the others of its question: {} (tables/verdicts.csv)\n",
                  counted(verdicts.rows.size(), "comparison"), fmt::join(told, ", "));
  words.clear();
  for (std::size_t r = 0; r < claims.rows.size(); ++r) ++words[claims.text(r, "verdict")];
  told.clear();
  for (const auto& [word, count] : words) told.push_back(fmt::format("{} {}", count, word));
  if (!words.empty())
    text += fmt::format("{} of the original study: {} (tables/claims.csv)\n",
                        counted(claims.rows.size(), "claim"), fmt::join(told, ", "));
  return text;
}

std::string answer_text(const analysis::ResultTable& table) {
  std::string text;
  for (std::size_t r = 0; r < table.rows.size(); ++r) text += "\n" + table.text(r, "sentence");
  return text.empty() ? "" : text + "\n";
}

}  // namespace

std::string results_text(const analysis::ComparisonResults& results, const std::filesystem::path& folder) {
  const std::string name = folder.string();
  std::string notes = "\n";
  for (const std::string& note : results.notes) notes += note + "\n";
  return figures_text(results) + latency_text(results) +
         counts_text(results.table("verdicts"), results.table("claims")) + notes +
         answer_text(results.table("answer")) +
         fmt::format("\nAll figures: {0}/compare.h5, compare.json, tables/*.csv\n", name);
}

}  // namespace dsx::findings

// The short of a comparison for a terminal: what differs, what the original claimed, and where the rest is.
#include "study/findings/results_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

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
                       "specificity", "specificity at 95%", "Brier score"});
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
              of(decision, {{"rule", "youden"}, {"metric", "sensitivity"}}),
              of(decision, {{"rule", "youden"}, {"metric", "specificity"}}),
              of(decision, {{"rule", "sensitivity"}, {"metric", "specificity"}}),
              of(calibration, {{"metric", "brier"}})});
  }
  return fmt::format(
      "\nOn test, over seeds, with 95% intervals for new seeds and new patients. Sensitivity and specificity "
      "at "
      "the Youden\nthreshold of val, then specificity at the threshold that gave 95% sensitivity on val. "
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
  return "\nForward passes, all variants interleaved:\n" + text.str();
}

// Differences that were found, and the answers to the main questions whatever they are.
std::string verdicts_text(const analysis::ResultTable& table) {
  static const std::set<std::string> main_questions = {"AUC on test",
                                                       "specificity on test at 95% sensitivity on val",
                                                       "sensitivity on test at the Youden threshold"};
  std::string text = "\nWhat differs (corrected for several comparisons), and the main questions:\n";
  std::size_t untold = 0, not_estimable = 0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::string& word = table.text(r, "verdict");
    const bool found = word == "higher" || word == "lower";
    if (found || main_questions.contains(table.text(r, "question")))
      text += fmt::format("  {} {}\n", found ? "*" : "-", table.text(r, "sentence"));
    else
      ++(word == "cannot tell" ? untold : not_estimable);
  }
  if (untold > 0) text += fmt::format("  {} other comparisons cannot be told apart by these data\n", untold);
  if (not_estimable > 0) text += fmt::format("  {} others are not estimable\n", not_estimable);
  return text;
}

std::string claims_text(const analysis::ResultTable& table) {
  std::string text = "\nWhat the original study claimed:\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    text += fmt::format("  {:<13} {}\n                {}\n", table.text(r, "verdict"), table.text(r, "claim"),
                        table.text(r, "measurement"));
  return text;
}

}  // namespace

std::string results_text(const analysis::ComparisonResults& results, const std::filesystem::path& folder) {
  std::string text = figures_text(results) + latency_text(results) +
                     verdicts_text(results.table("verdicts")) + claims_text(results.table("claims")) + "\n";
  for (const std::string& note : results.notes) text += note + "\n";
  return text + fmt::format("\nAll figures: {0}/compare.h5, compare.json, tables/*.csv\n", folder.string());
}

}  // namespace dsx::findings

// Three tables: what changes with the operator, how a difference between variants comes about, and the dose.
#include "study/swap/swap_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "kernels/downsample/power_mean.hpp"
#include "study/cli/text_table.hpp"
#include "study/swap/swap_figures.hpp"

namespace dsx::swap {
namespace {

using analysis::ResultTable;
using Wanted = std::vector<std::pair<std::string, std::string>>;

// A figure as it is shown: a logit as it is, all else in points.
struct ShownFigure {
  const char *rule, *metric, *name;
  double scale = 100;
  int digits = 1;
};
constexpr ShownFigure kPartFigures[] = {
    {"", "logit", "mean logit", 1, 2},
    {"", "auc", "AUC, points"},
    {"half", "predicted_positive_rate", "called positive at .5, points"},
    {"half", "sensitivity", "sensitivity at .5, points"},
    {"half", "specificity", "specificity at .5, points"},
    {"sensitivity", "predicted_positive_rate", "called positive at the frozen threshold, points"},
    {"sensitivity_again", "predicted_positive_rate", "called positive, threshold chosen again, points"},
};

// The rows at the table's first noise level that fit.
std::optional<std::size_t> row_of(const ResultTable& table, const Wanted& wanted) {
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.number(r, "noise") == table.number(0, "noise") &&
        table.text(r, "noise_kind") == table.text(0, "noise_kind") &&
        table.text(r, "train_images") == table.text(0, "train_images") &&
        std::all_of(wanted.begin(), wanted.end(),
                    [&](const auto& w) { return table.text(r, w.first) == w.second; }))
      return r;
  return std::nullopt;
}

// "+5.1 (2.0 to 8.2)"; "0" where it is the same in every seed and resample; "-" without a row.
std::string shown(const ResultTable& table, const Wanted& wanted, double scale, int digits,
                  bool is_signed = true, bool with_interval = true) {
  const auto r = row_of(table, wanted);
  if (!r) return "-";
  const double value = table.number(*r, "value"), low = table.number(*r, "low"),
               high = table.number(*r, "high");
  if (std::isnan(value)) {
    const double lowest = table.number(*r, "lowest");
    if (table.number(*r, "seeds") == 1) return fmt::format("{:.{}f}, one seed", scale * lowest, digits);
    return lowest == table.number(*r, "highest") ? fmt::format("{:g}, always", scale * lowest) : "n/a";
  }
  const auto number = [&](double x) {
    const std::string text = fmt::format("{:.{}f}", scale * x, digits);
    const bool zero = text.find_first_not_of("-0.") == std::string::npos;
    return zero ? fmt::format("{:.{}f}", 0.0, digits) : (is_signed && x > 0 ? "+" + text : text);
  };
  if (!with_interval) return number(value);
  return fmt::format("{} ({} to {}){}", number(value), number(low), number(high),
                     is_signed && (low > 0 || high < 0) ? " *" : "");
}

// "maxpool !": over seeds of which one has not learnt.
std::string marked(const ResultTable& table, std::size_t r, const std::string& name) {
  return table.number(r, "not_learnt") > 0 ? name + " !" : name;
}

std::string changes_text(const ResultTable& table) {
  cli::TextTable text({"trained with", "run with", "mean logit", "spread", "rank", "AUC", "positive at .5",
                       "positive, frozen", "positive, again", "sens .5", "spec .5"});
  std::vector<std::pair<std::string, std::string>> seen;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::pair key{table.text(r, "variant"), table.text(r, "run_with")};
    if (std::find(seen.begin(), seen.end(), key) != seen.end() || !is_in_table(key.second)) continue;
    seen.push_back(key);
    const auto of = [&](const char* rule, const char* metric, double scale, int digits, bool is_signed,
                        bool with_interval) {
      return shown(table,
                   {{"variant", key.first},
                    {"run_with", key.second},
                    {"split", "test"},
                    {"rule", rule},
                    {"metric", metric}},
                   scale, digits, is_signed, with_interval);
    };
    const char* positive = "predicted_positive_rate";
    text.add({marked(table, r, key.first), key.second, of("", "logit", 1, 2, true, true),
              of("", "logit_change_sd", 1, 2, false, false), of("", "rank_correlation", 1, 3, false, false),
              of("", "auc", 100, 1, true, true), of("half", positive, 100, 1, true, true),
              of("sensitivity", positive, 100, 1, true, true),
              of("sensitivity_again", positive, 100, 1, true, true),
              of("half", "sensitivity", 100, 1, true, false),
              of("half", "specificity", 100, 1, true, false)});
  }
  return "\nThe same weights run with another operator, minus the run with their own, on test. Means over "
         "seeds with 95% "
         "intervals\n(* leaves out 0); AUC and shares in points. Positive: images called positive, at "
         "probability .5, at "
         "the threshold for 95%\nsensitivity that val chose with the own operator (frozen), and chosen again "
         "for the "
         "run. Spread: of the logit's change over images.\n" +
         text.str();
}

std::string parts_text(const ResultTable& table) {
  cli::TextTable text({"a - b", "figure", "difference", "= operator", "+ training"});
  double remainder = 0;
  std::vector<std::pair<std::string, std::string>> seen;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::pair key{table.text(r, "variant_a"), table.text(r, "variant_b")};
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    for (const ShownFigure& figure : kPartFigures) {
      std::vector<std::string> line{marked(table, r, key.first + " - " + key.second), figure.name};
      double sum = 0;
      for (const char* part : {"difference", "operator", "training"}) {
        const Wanted wanted{{"variant_a", key.first},
                            {"variant_b", key.second},
                            {"part", part},
                            {"rule", figure.rule},
                            {"metric", figure.metric}};
        line.push_back(shown(table, wanted, figure.scale, figure.digits));
        const auto row = row_of(table, wanted);
        if (row) sum += (std::string(part) == "difference" ? -1 : 1) * table.number(*row, "value");
      }
      if (!std::isnan(sum)) remainder = std::max(remainder, std::abs(sum));
      text.add(line);
    }
  }
  if (seen.empty()) return "";
  return fmt::format(
      "\nEach difference between variants taken apart: what the operator does with the same weights (mean of "
      "both "
      "orders), and what\ntraining made of it. The two parts add up to the difference exactly (largest "
      "remainder "
      "{:.0e}).\n{}",
      remainder, text.str());
}

std::string doses_text(const ResultTable& doses, const ResultTable& slopes) {
  std::vector<std::string> head{"trained with", "figure"};
  for (const downsample::PowerMean& mean : downsample::power_means())
    if (mean.p > 1) head.push_back("p = " + mean.power);
  head.emplace_back("from average to maximum");
  cli::TextTable text(head);
  std::vector<std::string> seen;
  for (std::size_t r = 0; r < doses.rows.size(); ++r) {
    const std::string& variant = doses.text(r, "variant");
    if (std::find(seen.begin(), seen.end(), variant) != seen.end()) continue;
    seen.push_back(variant);
    for (const ShownFigure& figure : {kPartFigures[0], kPartFigures[2]}) {
      std::vector<std::string> line{marked(doses, r, variant), figure.name};
      const auto add = [&](const ResultTable& table, Wanted wanted, bool with_interval) {
        wanted.insert(wanted.end(), {{"variant", variant}, {"rule", figure.rule}, {"metric", figure.metric}});
        line.push_back(shown(table, wanted, figure.scale, figure.digits, true, with_interval));
      };
      for (const downsample::PowerMean& mean : downsample::power_means())
        if (mean.p > 1) add(doses, {{"power", mean.power}}, false);
      add(slopes, {}, true);
      text.add(line);
    }
  }
  std::vector<std::string> rows;  // of the table of operators
  for (const downsample::PowerMean& mean : downsample::power_means())
    for (const downsample::DownsampleOp& op : downsample::downsample_table())
      if (mean.op == &op && mean.p > 1) rows.push_back(fmt::format("p = {} is {}", mean.power, op.name));
  return fmt::format(
      "\nDose and response: the same weights run with the power mean over 2x2, minus the average (p = 1); "
      "{}.\n"
      "Last column: slope over 1 - 1/p, which goes from 0 to 1.\n{}",
      fmt::join(rows, ", "), text.str());
}

std::string learning_text(const ResultTable& table) {
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.number(r, "not_learnt") > 0)
      return "! with networks that have not learnt (training loss near chance): train longer before reading "
             "these rows\n";
  return "";
}

std::string control_text(const ResultTable& table) {
  std::string text = "\nControls, which must hold to rounding:";
  for (const char* check : {"slice, against strided", "own operator, against the record"}) {
    double largest = 0, decisions = 0;
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.text(r, "check") == check && !std::isnan(table.number(r, "largest_difference"))) {
        largest = std::max(largest, table.number(r, "largest_difference"));
        decisions += table.number(r, "decisions_changed");
      }
    text += fmt::format(" {}: logits differ by {:.1g} at most, {:g} decisions;", check, largest, decisions);
  }
  text.back() = '\n';
  return text;
}

std::string missing_text(const ResultTable& control) {
  std::size_t cells = 0;
  std::string reason;
  for (std::size_t r = 0; r < control.rows.size(); r += 2)
    if (!control.text(r, "not_estimable").empty()) {
      ++cells;
      reason = control.text(r, "not_estimable");
    }
  return cells == 0 ? "" : fmt::format("{} cells could not be run, the last because: {}\n", cells, reason);
}

}  // namespace

std::string swap_text(const analysis::ComparisonResults& results) {
  const ResultTable& changes = results.table("swap_change");
  if (changes.rows.empty()) return "";
  return changes_text(changes) + parts_text(results.table("swap_parts")) +
         doses_text(results.table("swap_dose"), results.table("swap_dose_slope")) + learning_text(changes) +
         control_text(results.table("swap_control")) + missing_text(results.table("swap_control"));
}

}  // namespace dsx::swap

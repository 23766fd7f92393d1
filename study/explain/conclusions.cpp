#include "study/explain/conclusions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "kernels/base/counted.hpp"
#include "study/explain/account.hpp"
#include "study/explain/agreement.hpp"
#include "study/explain/evidence.hpp"

namespace dsx::explain {
namespace {

// The same finding in every report, in their order.
using InAll = std::vector<const Finding*>;

// Where neither side means anything: rates and latencies. (The account's shares are judged by its words.)
std::optional<double> null_of(const Finding& finding) {
  if (finding.id.starts_with(kAccountName)) return std::nullopt;
  if (finding.unit.empty() || finding.unit.starts_with("times")) return 1;
  if (finding.unit == "ms" || finding.unit == "us" || finding.unit == "share") return 0;
  return std::nullopt;
}

bool has_interval(const Finding* finding) { return finding->interval.high > finding->interval.low; }

bool lie_apart(const Interval& x, const Interval& y) { return x.low > y.high || y.low > x.high; }

int side_of(const Interval& interval, double null) {
  return interval.low > null ? 1 : interval.high < null ? -1 : 0;
}

std::string figures(const InAll& findings, const std::vector<std::string>& names) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < findings.size(); ++i)
    words.push_back(fmt::format("{} {}", names[i], interval_text(findings[i]->interval, "")));
  const auto& unit = findings.front()->unit;
  return fmt::format("{}{}{}", fmt::join(words, ", "), unit.empty() ? "" : " ", unit);
}

Conclusion judge(const InAll& findings, double null, const std::vector<std::string>& names) {
  std::vector<int> sides;
  for (const auto* finding : findings) sides.push_back(side_of(finding->interval, null));
  const auto [lowest, highest] = std::ranges::minmax(sides);
  bool any_apart = false;
  for (const auto* x : findings)
    for (const auto* y : findings) any_apart |= lie_apart(x->interval, y->interval);
  Conclusion conclusion;
  std::string words;
  if (lowest == highest) {
    conclusion.holds = lowest == 0 ? Holds::none : Holds::all;
    words = lowest == 0 ? "is told from {:g} in none" : lowest > 0 ? "is above {:g}" : "is below {:g}";
    // The same side, and yet not the same figure: both are worth knowing.
    if (lowest != 0 && any_apart) words += ", by different amounts";
  } else if ((lowest < 0 && highest > 0) || any_apart) {
    conclusion.holds = Holds::differs;
    words = "against {:g}";
  } else {
    conclusion.holds = Holds::some;
    words = highest > 0 ? "is above {:g} in some" : "is below {:g} in some";
  }
  conclusion.text = fmt::format("{} {}: {}", findings.front()->id, fmt::format(fmt::runtime(words), null),
                                figures(findings, names));
  return conclusion;
}

const ExperimentReport* find_experiment(const ExplainReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.experiments, name, &ExperimentReport::name);
  return found == report.experiments.end() ? nullptr : &*found;
}

// The experiments that all reports have, each as one row.
std::vector<std::vector<const ExperimentReport*>> common_experiments(
    const std::vector<ExplainReport>& reports) {
  std::vector<std::vector<const ExperimentReport*>> all;
  for (const auto& first : reports.front().experiments) {
    std::vector<const ExperimentReport*> row;
    for (const auto& report : reports)
      if (const auto* one = find_experiment(report, first.name)) row.push_back(one);
    if (row.size() == reports.size()) all.push_back(std::move(row));
  }
  return all;
}

std::vector<InAll> common_findings(const std::vector<const ExperimentReport*>& row) {
  std::vector<InAll> all;
  for (const auto& first : row.front()->findings) {
    InAll same;
    for (const auto* experiment : row)
      if (const auto* found = find_finding(*experiment, first.id);
          found != nullptr && std::isfinite(found->interval.value))
        same.push_back(found);
    if (same.size() == row.size()) all.push_back(std::move(same));
  }
  return all;
}

// What the accounts say of each step and cause.
void judge_account(const std::vector<const ExperimentReport*>& row, const std::vector<std::string>& names,
                   std::vector<Conclusion>& all) {
  std::vector<std::map<std::string, std::string>> words(row.size());
  std::vector<std::string> order;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto* table = find_table(*row[i], kAccountName);
    if (table == nullptr) return;
    for (const auto& cells : table->rows) {
      const auto key = text_in(*table, cells, "step") + ": " + text_in(*table, cells, "cause");
      words[i][key] = text_in(*table, cells, "together");
      if (i == 0) order.push_back(key);
    }
  }
  for (const auto& key : order) {
    if (!std::ranges::all_of(words, [&](const auto& one) { return one.contains(key); })) continue;
    std::vector<std::string> told;
    std::size_t explained = 0, excluded = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto& word = words[i].at(key);
      explained += word == "explained" ? 1 : 0;
      excluded += word == "excluded" ? 1 : 0;
      told.push_back(fmt::format("{} {}", names[i], word));
    }
    const auto holds = explained == row.size() || excluded == row.size() ? Holds::all
                       : explained > 0 && excluded > 0                   ? Holds::differs
                       : explained + excluded == 0                       ? Holds::none
                                                                         : Holds::some;
    all.push_back({holds, fmt::format("account of {}: {}", key, fmt::join(told, ", "))});
  }
}

// 1: the first is larger, -1: the second, 0: their intervals overlap.
int order_of(const Interval& x, const Interval& y) {
  return !lie_apart(x, y) ? 0 : x.value > y.value ? 1 : -1;
}

// Parts that are small beside the largest of their experiment in every report: nothing hangs on them.
bool is_small_in_all(const InAll& findings, const std::vector<const ExperimentReport*>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    double largest = 0;
    for (const auto& other : row[i]->findings)
      if (other.is_part) largest = std::max(largest, std::abs(other.interval.value));
    if (!findings[i]->is_part || std::abs(findings[i]->interval.value) >= kSmallPart * largest) return false;
  }
  return true;
}

// Of the same kind: names that differ in one place, as two layers, two operators or two causes.
bool are_siblings(const Finding& a, const Finding& b) {
  const auto x = parts_of_id(a.id), y = parts_of_id(b.id);
  if (x.size() != y.size() || a.unit != b.unit) return false;
  int differ = 0;
  for (std::size_t i = 0; i < x.size(); ++i) differ += x[i] == y[i] ? 0 : 1;
  return differ == 1;
}

// The order of the parts of one experiment, pair by pair where every report decides it; one line each for
// what holds and for every pair that is the other way round somewhere.
void judge_ranking(const std::vector<const ExperimentReport*>& row, const std::vector<InAll>& findings,
                   const std::vector<std::string>& names, std::vector<Conclusion>& all) {
  std::vector<const InAll*> parts;
  for (const auto& same : findings)
    if (same.front()->is_part && !is_small_in_all(same, row) && std::ranges::all_of(same, has_interval))
      parts.push_back(&same);
  std::size_t kept = 0, decided = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for (std::size_t q = p + 1; q < parts.size(); ++q) {
      const auto &x = *parts[p], &y = *parts[q];
      if (!are_siblings(*x.front(), *y.front())) continue;
      std::vector<int> orders;
      for (std::size_t i = 0; i < row.size(); ++i) orders.push_back(order_of(x[i]->interval, y[i]->interval));
      const auto [least, most] = std::ranges::minmax(orders);
      const bool is_reversed = least < 0 && most > 0;
      if (!is_reversed && (least == 0 || most == 0)) continue;
      ++decided;
      kept += is_reversed ? 0 : 1;
      if (is_reversed)
        all.push_back({Holds::differs, fmt::format("order of {} ({}) and {} ({})", x.front()->id,
                                                   figures(x, names), y.front()->id, figures(y, names))});
    }
  }
  if (kept > 0)
    all.push_back(
        {Holds::all, fmt::format("{}: the order of {} of {} of related parts that every report tells apart",
                                 row.front()->name, kept, counted(decided, "pair"))});
}

void add_group(const std::vector<Conclusion>& all, Holds holds, const std::string& head, std::string& text) {
  const auto count = std::ranges::count(all, holds, &Conclusion::holds);
  if (count == 0) return;
  text += fmt::format("{} ({}):\n", head, count);
  for (const auto& conclusion : all)
    if (conclusion.holds == holds) text += "  * " + conclusion.text + "\n";
}

}  // namespace

std::vector<Conclusion> conclusions(const std::vector<ExplainReport>& reports,
                                    const std::vector<std::string>& names) {
  std::vector<Conclusion> all;
  for (const auto& row : common_experiments(reports)) {
    if (row.front()->name == kAccountName) judge_account(row, names, all);
    const auto findings = common_findings(row);
    for (const auto& same : findings) {
      const auto null = null_of(*same.front());
      if (null && std::ranges::all_of(same, has_interval) && !is_small_in_all(same, row))
        all.push_back(judge(same, *null, names));
    }
    judge_ranking(row, findings, names, all);
  }
  return all;
}

std::string to_text(const std::vector<Conclusion>& all, std::size_t reports) {
  if (all.empty()) return "Nothing that can be judged is in all reports.\n";
  std::string text;
  add_group(all, Holds::all, fmt::format("Hold in all {} reports", reports), text);
  add_group(all, Holds::differs, "DIFFER: true of some of these machines or runs only", text);
  add_group(all, Holds::some, "Shown in some, not told in the others", text);
  add_group(all, Holds::none, "Told in none", text);
  return text;
}

}  // namespace dsx::explain

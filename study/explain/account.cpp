// Rules of standing, and the words for them.
#include "study/explain/account.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace dsx::explain {
namespace {

// How far a word lies from the threshold that made it: the farther, the less a repetition could turn it.
double margin(const Testimony& testimony) {
  const auto& share = testimony.evidence.share;
  return testimony.evidence.verdict() == Verdict::supports ? share.low - kSupportedFrom
                                                           : kExcludedUpTo - share.high;
}

bool is_narrower(const Testimony* a, const Testimony* b) {
  const auto width = [](const Testimony* t) { return t->evidence.share.high - t->evidence.share.low; };
  return width(a) < width(b);
}

Standing standing_of(const CauseAccount& account) {
  if (!account.supports.empty()) return account.excludes.empty() ? Standing::explained : Standing::disputed;
  return account.excludes.empty() ? Standing::unknown : Standing::excluded;
}

CauseAccount* find(std::vector<CauseAccount>& accounts, const std::string& step, const std::string& cause) {
  const auto found = std::ranges::find_if(
      accounts, [&](const CauseAccount& a) { return a.step == step && a.cause == cause; });
  return found == accounts.end() ? nullptr : &*found;
}

// What holds between a cause and its kinds, after each has been weighed alone.
void weigh_kinds(std::vector<CauseAccount>& accounts, const std::string& step) {
  for (const auto& parent_row : causes()) {
    std::vector<CauseAccount*> kinds;
    std::size_t kind_rows = 0;
    for (const auto& row : causes()) {
      if (row.kind_of != parent_row.name) continue;
      ++kind_rows;
      if (auto* kind = find(accounts, step, row.name)) kinds.push_back(kind);
    }
    auto* parent = find(accounts, step, parent_row.name);
    if (parent == nullptr || kinds.empty()) continue;
    const auto is_excluded = [](const CauseAccount* a) { return a->standing == Standing::excluded; };
    const bool no_kind_left = kinds.size() == kind_rows && std::ranges::all_of(kinds, is_excluded);
    const bool parent_excluded = !parent->excludes.empty();
    for (auto* kind : kinds) {
      if (!parent_excluded || kind->standing != Standing::explained) continue;
      kind->standing = Standing::disputed;
      kind->excludes = parent->excludes;
    }
    if (parent->standing == Standing::explained && no_kind_left) {
      parent->standing = Standing::disputed;
      for (const auto* kind : kinds)
        parent->excludes.insert(parent->excludes.end(), kind->excludes.begin(), kind->excludes.end());
    }
  }
}

std::string names_of(const std::vector<const Testimony*>& testimonies) {
  std::vector<std::string> names;
  for (const auto* t : testimonies)
    if (std::ranges::find(names, t->experiment) == names.end()) names.push_back(t->experiment);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string who_says(const std::vector<const Testimony*>& testimonies) {
  std::vector<std::string> words;
  for (const auto* t : testimonies)
    words.push_back(fmt::format("{} {} ({})", t->experiment, percent(t->evidence.share), t->evidence.words));
  return fmt::format("{}", fmt::join(words, "; "));
}

// All that was said in favour: from the lowest end to the highest, around the narrowest.
Interval range_of(const std::vector<const Testimony*>& testimonies) {
  Interval range = testimonies.front()->evidence.share;
  for (const auto* t : testimonies) {
    range.low = std::min(range.low, t->evidence.share.low);
    range.high = std::max(range.high, t->evidence.share.high);
  }
  return range;
}

std::string next_experiment(const CauseAccount& account) {
  std::vector<const Testimony*> all = account.supports;
  all.insert(all.end(), account.excludes.begin(), account.excludes.end());
  std::erase_if(all, [](const Testimony* t) { return t->evidence.next.empty(); });
  if (all.empty()) return "a longer run of the same";
  const auto* weakest = *std::ranges::min_element(all, {}, [](const Testimony* t) { return margin(*t); });
  return fmt::format("{} (it puts {}'s word to the test)", weakest->evidence.next, weakest->experiment);
}

Finding finding_of(const CauseAccount& account) {
  const auto id = fmt::format("account/{}/{}", account.step, account.cause);
  const auto words = cause(account.cause).words;
  const auto range = range_of(account.supports);
  if (account.standing == Standing::explained) {
    const bool several = account.supports.size() > 1;
    std::string text =
        fmt::format("{}: {}: {}{}. No experiment excludes it", account.step, words,
                    several ? "shown by " : "by one experiment only: ", who_says(account.supports));
    if (!account.cannot_tell.empty()) text += fmt::format("; {} cannot tell", names_of(account.cannot_tell));
    return {id, text + ".", "share", range, false};
  }
  return {id,
          fmt::format("{}: not explained: {} says {}, {} says not; the next experiment is {}. In full: {}; "
                      "against it {}.",
                      account.step, names_of(account.supports), words, names_of(account.excludes),
                      next_experiment(account), who_says(account.supports), who_says(account.excludes)),
          "share", range, false};
}

void add_findings(const std::vector<CauseAccount>& accounts, const std::string& step,
                  ExperimentReport& report) {
  std::vector<std::string> excluded;
  bool is_said = false;
  std::string unsure, next;
  for (const auto& account : accounts) {
    if (account.step != step) continue;
    if (account.standing == Standing::explained || account.standing == Standing::disputed) {
      report.findings.push_back(finding_of(account));
      is_said = true;
    }
    if (account.standing == Standing::excluded)
      excluded.push_back(fmt::format("{} ({})", account.cause, who_says(account.excludes)));
    for (const auto* t : account.cannot_tell) {
      unsure += fmt::format(
          "{}{}: {} {}", unsure.empty() ? "" : "; ", account.cause, t->experiment,
          std::isnan(t->evidence.share.value) ? "(" + t->evidence.words + ")" : percent(t->evidence.share));
      if (next.empty()) next = t->evidence.next;
    }
  }
  if (!is_said) {
    report.findings.push_back(
        {fmt::format("account/{}", step),
         fmt::format("{}: not explained: no experiment shows a cause of at least {:.0f}% of its time{}{}.",
                     step, 100 * kSupportedFrom, unsure.empty() ? "" : " (undecided: " + unsure + ")",
                     next.empty() ? "" : "; the next experiment is " + next),
         "share",
         {NAN, NAN, NAN},
         false});
  }
  if (!excluded.empty()) {
    report.findings.push_back({fmt::format("account/{}/excluded", step),
                               fmt::format("{}: excluded as a cause of more than {:.0f}% of its time: {}.",
                                           step, 100 * kExcludedUpTo, fmt::join(excluded, "; ")),
                               "share",
                               {NAN, NAN, NAN},
                               false});
  }
}

// "supports 82%", "excludes 3%", "unsure 37%", "unsure", "-"
std::string cell_of(const CauseAccount& account, const std::string& experiment) {
  const auto one = [&](const std::vector<const Testimony*>& testimonies, const std::string& word) {
    for (const auto* t : testimonies) {
      if (t->experiment != experiment || t->evidence.cause != account.cause) continue;
      const auto& share = t->evidence.share;
      return std::isnan(share.value) ? word : fmt::format("{} {:.0f}%", word, 100 * share.value);
    }
    return std::string();
  };
  std::string cell;
  for (const auto& text : {one(account.supports, "supports"), one(account.excludes, "excludes"),
                           one(account.cannot_tell, "unsure")}) {
    if (!text.empty()) cell += (cell.empty() ? "" : ", ") + text;
  }
  return cell.empty() ? "-" : cell;
}

const char* word_for(Standing standing) {
  switch (standing) {
    case Standing::explained:
      return "explained";
    case Standing::excluded:
      return "excluded";
    case Standing::disputed:
      return "NOT EXPLAINED";
    case Standing::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

std::vector<CauseAccount> weigh(const std::vector<Testimony>& all) {
  std::vector<std::string> steps;
  for (const auto& testimony : all)
    if (std::ranges::find(steps, testimony.evidence.step) == steps.end())
      steps.push_back(testimony.evidence.step);
  std::vector<CauseAccount> accounts;
  for (const auto& step : steps) {
    for (const auto& row : causes()) {
      CauseAccount account{step, row.name, Standing::unknown, {}, {}, {}};
      for (const auto& testimony : all) {
        const auto& e = testimony.evidence;
        if (e.step != step || e.cause != row.name) continue;
        const auto verdict = e.verdict();
        auto& side = verdict == Verdict::supports   ? account.supports
                     : verdict == Verdict::excludes ? account.excludes
                                                    : account.cannot_tell;
        side.push_back(&testimony);
      }
      if (account.supports.empty() && account.excludes.empty() && account.cannot_tell.empty()) continue;
      std::ranges::stable_sort(account.supports, is_narrower);
      std::ranges::stable_sort(account.excludes, is_narrower);
      account.standing = standing_of(account);
      accounts.push_back(std::move(account));
    }
    weigh_kinds(accounts, step);
  }
  return accounts;
}

ExperimentReport make_account(const std::vector<Testimony>& all, const std::vector<std::string>& experiments,
                              const std::string& command) {
  ExperimentReport report;
  report.name = kAccountName;
  report.question = "what do the experiments say together, and where do they disagree?";
  report.command = command;
  if (all.empty()) {
    report.not_available =
        "none of the experiments that were run says anything about causes: run strips, hot_cold, "
        "working_set, "
        "prediction, parallelism or fused";
    return report;
  }
  const auto accounts = weigh(all);
  std::vector<std::string> columns, steps;
  for (const auto& name : experiments)
    if (std::ranges::any_of(all, [&](const Testimony& t) { return t.experiment == name; }))
      columns.push_back(name);
  ReportTable table{"account",
                    "which causes each experiment supports or excludes, by step",
                    {{"step", ""}, {"cause", ""}, {"together", ""}},
                    {}};
  for (const auto& name : columns) table.columns.push_back({name, ""});
  for (const auto& account : accounts) {
    std::vector<ReportCell> row{account.step, account.cause, std::string(word_for(account.standing))};
    for (const auto& name : columns) row.emplace_back(cell_of(account, name));
    table.rows.push_back(std::move(row));
    if (std::ranges::find(steps, account.step) == steps.end()) steps.push_back(account.step);
  }
  report.tables.push_back(std::move(table));
  for (const auto& step : steps) add_findings(accounts, step, report);
  report.notes.push_back(fmt::format(
      "figures are shares of the step's time. supports: its 95% interval lies above {:.0f}%; excludes: below "
      "{:.0f}%; unsure: neither; -: says nothing of it. bandwidth and waiting are kinds of traffic.",
      100 * kSupportedFrom, 100 * kExcludedUpTo));
  return report;
}

}  // namespace dsx::explain

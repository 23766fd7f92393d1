// Reads what `study explain` found.
#include "study/findings/explained.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "study/explain/account.hpp"
#include "study/explain/report.hpp"
#include "study/explain/report_files.hpp"

namespace dsx::findings {
namespace {

struct Sums {
  explain::Interval whole{NAN, NAN, NAN}, convolution, traffic;
  bool has_traffic = false;  // fused blocks move no intermediate image: that control is not there
};

// A share whose ends use the other ends of the whole: wider than needed, never narrower.
statistics::Estimate share_of(const explain::Interval& part, const explain::Interval& whole) {
  if (!(whole.low > 0)) return statistics::cannot_estimate("the difference itself cannot be told from 0");
  statistics::Estimate e;
  e.value = part.value / whole.value;
  e.low = part.low / (part.low >= 0 ? whole.high : whole.low);
  e.high = part.high / (part.high >= 0 ? whole.low : whole.high);
  e.method = "ends of both intervals";
  return e;
}

void add_to(explain::Interval& sum, const explain::Interval& part) {
  sum.value += part.value;
  sum.low += part.low;
  sum.high += part.high;
}

// What disturbed the experiment itself ("factorial: other processes used ..."). Intervals that came out wide
// count through their ends.
bool is_noisy(const explain::ExplainReport& report) {
  return std::any_of(report.noise.begin(), report.noise.end(),
                     [](const std::string& reason) { return reason.starts_with("factorial: "); });
}

// Whether the account calls memory traffic in a step of one of the variants "NOT EXPLAINED".
bool is_disputed(const explain::ExplainReport& report, const std::vector<std::string>& variants) {
  for (const auto& experiment : report.experiments) {
    const auto* table =
        experiment.name == explain::kAccountName ? explain::find_table(experiment, "account") : nullptr;
    if (table == nullptr) continue;
    for (const auto& row : table->rows) {
      const auto step = explain::text_in(*table, row, "step");  // "block1 maxpool"
      const bool is_theirs = std::ranges::any_of(
          variants, [&](const std::string& variant) { return step.ends_with(" " + variant); });
      if (is_theirs && explain::text_in(*table, row, "cause") == "traffic" &&
          explain::text_in(*table, row, "together") == "NOT EXPLAINED")
        return true;
    }
  }
  return false;
}

bool ends_with(const std::string& text, const std::string& end) { return text.ends_with(end); }

}  // namespace

std::vector<ExplainedShare> explained_shares(const std::filesystem::path& path) {
  if (path.empty()) return {};
  const explain::ExplainReport report = explain::read_explain_json(path);
  std::map<std::string, Sums> by_pair;
  for (const auto& experiment : report.experiments) {
    if (experiment.name != "factorial") continue;
    for (const explain::Finding& finding : experiment.findings) {
      // "factorial/maxpool-strided/block1/convolution"
      const auto first = finding.id.find('/'), second = finding.id.find('/', first + 1);
      if (second == std::string::npos) continue;
      Sums& sums = by_pair[finding.id.substr(first + 1, second - first - 1)];
      const std::string rest = finding.id.substr(second + 1);
      if (rest == "network") sums.whole = finding.interval;
      if (ends_with(rest, "/convolution")) add_to(sums.convolution, finding.interval);
      if (ends_with(rest, "/traffic")) {
        add_to(sums.traffic, finding.interval);
        sums.has_traffic = true;
      }
    }
  }
  std::vector<ExplainedShare> shares;
  for (const auto& [pair, sums] : by_pair) {
    ExplainedShare share;
    const auto dash = pair.find('-');
    share.a = pair.substr(0, dash);
    share.b = pair.substr(dash + 1);
    share.noisy = is_noisy(report);
    share.disputed = is_disputed(report, {share.a, share.b});
    share.whole_ms = sums.whole.value;
    share.convolution = share_of(sums.convolution, sums.whole);
    share.traffic = share_of(sums.traffic, sums.whole);
    if (!share.convolution.estimable()) share.not_available = pair + ": " + share.convolution.not_estimable;
    if (!sums.has_traffic) share.not_available = pair + ": the report has no part for memory traffic";
    shares.push_back(share);
  }
  if (shares.empty()) {
    ExplainedShare none;
    none.not_available = path.string() + " has no factorial experiment";
    shares.push_back(none);
  }
  return shares;
}

}  // namespace dsx::findings

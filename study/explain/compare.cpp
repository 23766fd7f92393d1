#include "study/explain/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "study/cli/text_table.hpp"
#include "study/explain/agreement.hpp"
#include "study/explain/conclusions.hpp"

namespace dsx::explain {
namespace {

std::vector<std::string> letters(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(1, static_cast<char>('A' + i));
  return names;
}

std::string value_of(const bench::Fields& fields, const std::string& wanted) {
  const auto found = std::ranges::find(fields, wanted, &bench::Fields::value_type::first);
  return found == fields.end() ? "" : found->second;
}

// A row for each field that all have and that is not the same in all.
void add_differing(const std::vector<ExplainReport>& reports, bench::Fields ExplainReport::*fields,
                   cli::TextTable& table) {
  for (const auto& [name, first] : reports.front().*fields) {
    std::vector<std::string> row{name};
    for (const auto& report : reports) row.push_back(value_of(report.*fields, name));
    const bool in_all = std::ranges::none_of(row, &std::string::empty);
    const bool is_same =
        std::ranges::all_of(row.begin() + 1, row.end(), [&](const auto& v) { return v == row[1]; });
    if (in_all && !is_same) table.add(row);
  }
}

std::string environments(const std::vector<ExplainReport>& reports, const std::vector<std::string>& names,
                         const std::vector<std::string>& files) {
  std::string text;
  for (std::size_t i = 0; i < files.size(); ++i)
    text += fmt::format("{}: {}: {}, {}\n", names[i], files[i], value_of(reports[i].environment, "cpu_model"),
                        value_of(reports[i].environment, "date_utc"));
  std::vector<std::string> header{""};
  header.insert(header.end(), names.begin(), names.end());
  cli::TextTable table(header);
  add_differing(reports, &ExplainReport::environment, table);
  add_differing(reports, &ExplainReport::settings, table);
  return text + "Environments that differ:\n" + table.str() + "\n";
}

using FindingsById = std::map<std::string, const Finding*>;

std::vector<FindingsById> findings_of(const std::vector<ExplainReport>& reports) {
  std::vector<FindingsById> all(reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i)
    for (const auto& experiment : reports[i].experiments)
      for (const auto& finding : experiment.findings) all[i][finding.id] = &finding;
  return all;
}

std::string ratio_text(const std::vector<Interval>& values) {
  if (values.size() == 2)
    return values[0].value == 0 ? "n/a" : cli::fixed(values[1].value / values[0].value, 2);
  const auto [least, most] = std::ranges::minmax_element(values, {}, &Interval::value);
  return least->value <= 0 ? "n/a" : cli::fixed(most->value / least->value, 2);
}

bool all_overlap(const std::vector<Interval>& values) {
  const double low = std::ranges::max_element(values, {}, &Interval::low)->low;
  const double high = std::ranges::min_element(values, {}, &Interval::high)->high;
  return low <= high;
}

std::string findings_text(const std::vector<ExplainReport>& reports, const std::vector<std::string>& names) {
  const auto by_id = findings_of(reports);
  std::vector<std::string> header{"finding", "unit"};
  header.insert(header.end(), names.begin(), names.end());
  header.emplace_back(names.size() == 2 ? "B / A" : "most / least");
  header.emplace_back("intervals");
  cli::TextTable table(header);
  std::size_t in_all = 0;
  for (const auto& experiment : reports.front().experiments) {
    for (const auto& finding : experiment.findings) {
      std::vector<Interval> values;
      for (const auto& findings : by_id)
        if (const auto found = findings.find(finding.id); found != findings.end())
          values.push_back(found->second->interval);
      if (values.size() < reports.size()) continue;
      ++in_all;
      if (std::ranges::any_of(values, [](const Interval& v) { return std::isnan(v.value); }))
        continue;  // a sentence without a number
      std::vector<std::string> row{finding.id, finding.unit};
      for (const auto& value : values) row.push_back(interval_text(value, ""));
      row.push_back(ratio_text(values));
      row.emplace_back(all_overlap(values) ? "overlap" : "apart");
      table.add(row);
    }
  }
  std::vector<std::string> only;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (by_id[i].size() > in_all) only.push_back(fmt::format("{} of {}", by_id[i].size() - in_all, names[i]));
  return table.str() +
         (only.empty() ? "" : fmt::format("Findings that are not in all: {}\n", fmt::join(only, ", ")));
}

}  // namespace

std::string compare_text(const std::vector<ExplainReport>& reports, const std::vector<std::string>& files) {
  const auto names = letters(reports.size());
  std::string text = environments(reports, names, files) + findings_text(reports, names);
  for (std::size_t i = 1; i < reports.size(); ++i)
    text += (reports.size() > 2 ? fmt::format("A and {}: ", names[i]) : "") +
            to_text(agreement(reports.front(), reports[i]));
  for (std::size_t i = 0; i < reports.size(); ++i)
    if (!reports[i].noise.empty())
      text += fmt::format("{} came from a machine that was too noisy: {}\n", names[i],
                          fmt::join(reports[i].noise, "; "));
  return text + "\n" + to_text(conclusions(reports, names), reports.size());
}

}  // namespace dsx::explain

// Text, and the verdict on noise. JSON and HDF5 are report_files.cpp's.
#include "study/explain/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"
#include "study/explain/account.hpp"
#include "study/explain/agreement.hpp"

namespace dsx::explain {

double Interval::relative_half_width() const {
  return value == 0 ? INFINITY : std::abs((high - low) / 2 / value);
}

Interval scaled(const Interval& interval, double factor) {
  Interval result{interval.value * factor, interval.low * factor, interval.high * factor};
  if (factor < 0) std::swap(result.low, result.high);
  return result;
}

std::string interval_text(const Interval& interval, const std::string& unit, int digits) {
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f}){}{}", interval.value, digits, interval.low, digits,
                     interval.high, digits, unit.empty() ? "" : " ", unit);
}

namespace {

std::string cell_text(const ReportCell& cell, const ReportColumn& column) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return cli::fixed(std::get<double>(cell), column.digits);
}

std::string indented(const std::string& text, const std::string& indent) {
  std::string result = indent;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) result += indent;
  }
  return result;
}

std::string to_text(const ReportTable& table) {
  std::vector<std::string> header;
  for (const auto& column : table.columns)
    header.push_back(column.unit.empty() ? column.name : fmt::format("{} [{}]", column.name, column.unit));
  cli::TextTable text(header);
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(cell_text(row[i], table.columns[i]));
    text.add(cells);
  }
  return fmt::format("  {}\n{}\n", table.title, indented(text.str(), "    "));
}

// Lines of at most `width` characters, broken at spaces.
std::string wrapped(const std::string& text, const std::string& first, const std::string& rest,
                    std::size_t width = 110) {
  std::string result, line = first;
  bool empty_line = true;
  std::size_t begin = 0;
  while (begin < text.size()) {
    auto end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    const auto word = text.substr(begin, end - begin);
    if (!empty_line && line.size() + 1 + word.size() > width) {
      result += line + "\n";
      line = rest;
      empty_line = true;
    }
    line += (empty_line ? "" : " ") + word;
    empty_line = false;
    begin = end + 1;
  }
  return result + line + "\n";
}

}  // namespace

std::string to_text(const ExperimentReport& experiment) {
  std::string text = fmt::format("\n== {}: {}\n", experiment.name, experiment.question);
  if (!experiment.not_available.empty()) {
    return text + wrapped("not available: " + experiment.not_available, "  ", "  ");
  }
  if (!experiment.spread.empty()) text += wrapped(experiment.spread, "  ! ", "    ");
  for (const auto& table : experiment.tables) {
    if (table.in_text) text += to_text(table);
  }
  for (const auto& finding : experiment.findings) text += wrapped(finding.text, "  * ", "    ");
  for (const auto& note : experiment.notes) text += wrapped(note, "  - ", "    ");
  if (experiment.name != kAccountName) {
    text += fmt::format("  [{} of {}, {} disturbed; other processes used {:.1f}% of the CPUs; {}]\n",
                        counted(experiment.sample_count, "sample"),
                        counted(experiment.processes, "process", "processes"), experiment.disturbed_samples,
                        100 * experiment.neighbours_share, cli::duration(in_seconds(experiment.took_ns)));
  }
  return text + fmt::format("  repeat: {}\n", experiment.command);
}

std::string to_text(const ExplainReport& report) {
  std::string text = fmt::format("{}\n", report.command);
  for (const auto& [name, value] : report.settings) text += fmt::format("{:<26}{}\n", name, value);
  for (const auto& [name, value] : report.environment) text += fmt::format("{:<26}{}\n", name, value);
  for (const auto& experiment : report.experiments)
    if (!experiment.spread.empty())
      text += wrapped(fmt::format("{}: {}", experiment.name, experiment.spread), "! ", "  ");
  for (const auto& experiment : report.experiments) text += to_text(experiment);
  text += "\n";
  if (report.noise.empty()) {
    text +=
        "The machine was quiet enough. Intervals over several processes are the spread to expect; those of "
        "one say "
        "how well its\nsamples agree.\n";
  } else {
    text += "THE MACHINE WAS TOO NOISY to trust this report; run it again on a quiet one:\n";
    for (const auto& reason : report.noise) text += wrapped(reason, "  * ", "    ");
  }
  if (!report.longer_run.empty()) text += "A longer run would narrow or add:\n";
  for (const auto& sentence : report.longer_run) text += wrapped(sentence, "  * ", "    ");
  return text;
}

void judge_noise(ExplainReport& report) {
  report.noise.clear();
  for (const auto& experiment : report.experiments) {
    const auto noise = noise_of(experiment);
    report.noise.insert(report.noise.end(), noise.begin(), noise.end());
  }
}

}  // namespace dsx::explain

#include "study/explain/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace dsx::explain {

const std::vector<Cause>& causes() {
  static const std::vector<Cause> all{
      {"traffic", "memory traffic (its data come from farther than a near cache)", ""},
      {"bandwidth", "the memory's bandwidth", "traffic"},
      {"waiting", "too few loads in flight to hide the memory's latency", "traffic"},
      {"instructions", "its own instructions (arithmetic, loads from a near cache, calls)", ""},
      {"implementation", "this implementation (another kernel moves the same bytes in less time)", ""},
      {"values", "the values of the data", ""},
  };
  return all;
}

const Cause& cause(const std::string& name) {
  const auto found = std::ranges::find(causes(), name, &Cause::name);
  if (found == causes().end()) throw std::out_of_range("cause " + name + " is in no row");
  return *found;
}

Verdict Evidence::verdict() const {
  if (std::isnan(share.value) || std::isnan(share.low) || std::isnan(share.high)) return Verdict::cannot_tell;
  if (share.low >= kSupportedFrom) return Verdict::supports;
  return share.high <= kExcludedUpTo ? Verdict::excludes : Verdict::cannot_tell;
}

Interval share_of(const Interval& part, double whole) {
  if (!(whole > 0)) return {NAN, NAN, NAN};
  const auto within = [&](double value) { return std::clamp(value / whole, 0.0, 1.0); };
  return {within(part.value), within(part.low), within(part.high)};
}

std::string percent(const Interval& share) {
  const auto value = fmt::format("{:.0f}%", 100 * share.value);
  const auto low = fmt::format("{:.0f}", 100 * share.low), high = fmt::format("{:.0f}", 100 * share.high);
  return low == high ? value : fmt::format("{} ({} to {})", value, low, high);
}

const ReportTable* find_table(const ExperimentReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.tables, name, &ReportTable::name);
  return found == report.tables.end() ? nullptr : &*found;
}

const Finding* find_finding(const ExperimentReport& report, const std::string& id) {
  const auto found = std::ranges::find(report.findings, id, &Finding::id);
  return found == report.findings.end() ? nullptr : &*found;
}

namespace {

const ReportCell* cell_in(const ReportTable& table, const std::vector<ReportCell>& row,
                          const std::string& column) {
  const auto found = std::ranges::find(table.columns, column, &ReportColumn::name);
  const auto index = static_cast<std::size_t>(found - table.columns.begin());
  return found == table.columns.end() || index >= row.size() ? nullptr : &row[index];
}

}  // namespace

double number_in(const ReportTable& table, const std::vector<ReportCell>& row, const std::string& column) {
  const auto* cell = cell_in(table, row, column);
  const auto* number = cell == nullptr ? nullptr : std::get_if<double>(cell);
  return number == nullptr ? NAN : *number;
}

std::string text_in(const ReportTable& table, const std::vector<ReportCell>& row, const std::string& column) {
  const auto* cell = cell_in(table, row, column);
  const auto* text = cell == nullptr ? nullptr : std::get_if<std::string>(cell);
  return text == nullptr ? "" : *text;
}

std::vector<std::string> parts_of_id(const std::string& id) {
  std::vector<std::string> parts;
  std::istringstream stream(id);
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  return parts;
}

}  // namespace dsx::explain

// A column is a number's when every cell below its header starts like one.
#include "study/cli/text_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "kernels/base/utf8.hpp"

namespace dsx::cli {
namespace {

bool looks_numeric(const std::string& cell) {
  if (cell.empty() || cell == "n/a" || cell == "-") return true;
  const std::size_t first = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  return first < cell.size() && std::isdigit(static_cast<unsigned char>(cell[first]));
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) : rows_(1, std::move(header)) {
  for (std::string& cell : rows_.front()) cell = one_line(cell);
}

void TextTable::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (std::string& cell : row) cell = one_line(cell);
  rows_.push_back(std::move(row));
}

std::string TextTable::str() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> width(columns, 0);
  std::vector<bool> numeric(columns, true);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      width[c] = std::max(width[c], code_points(rows_[r][c]));
      if (r > 0 && !looks_numeric(rows_[r][c])) numeric[c] = false;
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line = " ";
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(width[c] - code_points(row[c]), ' ');
      line += numeric[c] ? fmt::format(" {}{} ", padding, row[c]) : fmt::format(" {}{} ", row[c], padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "n/a";
  return fmt::format("{:.{}f}", value, digits);
}

std::string milliseconds(double ns) {
  const double ms = ns / 1e6;
  return fixed(ms, ms < 1 ? 4 : ms < 100 ? 3 : 1);
}

std::string grouped(std::size_t count) {
  std::string digits = std::to_string(count);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string duration(double seconds) {
  if (std::isnan(seconds)) return "n/a";
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const long whole = std::lround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string p_value(double p) {
  if (std::isnan(p)) return "n/a";
  if (p < 0.001) return "< .001";
  if (p > 0.999) return "> .999";
  return fmt::format("{:.3f}", p).substr(1);
}

std::string p_text(double p) {
  if (std::isnan(p)) return "p unknown";
  const std::string value = p_value(p);
  return (value.starts_with(".") ? "p = " : "p ") + value;
}

}  // namespace dsx::cli

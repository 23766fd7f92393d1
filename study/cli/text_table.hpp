// Tables for terminals: columns as wide as their widest cell, text to the left, numbers to the right. Numbers
// come in as text made by the helpers below, which turn a NaN into "n/a".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dsx::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  // As many cells as the header has. Each is one line of UTF-8, whatever is in a file's name: one_line() in
  // kernels/base/utf8.hpp.
  void add(std::vector<std::string> row);
  std::string str() const;  // ends in a newline

 private:
  std::vector<std::vector<std::string>> rows_;  // the header first
};

std::string fixed(double value, int digits);  // "0.913"; "n/a" for NaN
std::string milliseconds(double ns);          // "12.34"; "n/a"
std::string grouped(std::size_t count);       // "11,396,621"
std::string duration(double seconds);         // "8.3 s", "2 min 05 s", "1 h 02 min"

// p as every sentence and table has it, three digits: ".020", "< .001", "> .999" (scripts/report.d/words.py
// does the same); "n/a" when nothing was tested.
std::string p_value(double p);
std::string p_text(double p);  // "p = .020", "p < .001", "p > .999"

}  // namespace dsx::cli

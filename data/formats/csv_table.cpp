#include "data/formats/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

char separator_of(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  const auto count = [&](char c) { return std::count(first.begin(), first.end(), c); };
  char best = ',';
  for (const char candidate : {';', '\t'})
    if (count(candidate) > count(best)) best = candidate;
  return best;
}

// Fields one after the other, line by line.
class Reader {
 public:
  Reader(std::string_view text, const std::string& where) : text_(text), where_(where) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    separator_ = separator_of(text_);
  }

  bool at_end() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  std::vector<std::string> row() {
    std::vector<std::string> fields;
    for (;;) {
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      if (at_end()) return fields;
      const char ended_by = text_[at_++];
      if (ended_by == separator_) continue;
      ++line_;
      return fields;
    }
  }

  [[noreturn]] void fail(const std::string& what, std::size_t line) const {
    throw DataError(fmt::format("{}: line {}: {}", where_, line, what));
  }

 private:
  // Up to the separator or the end of the line.
  std::string plain() {
    std::string field;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n') {
      if (text_[at_] == '\0') fail("a byte 0: this is no text", line_);
      field += text_[at_++];
    }
    while (!field.empty() && field.back() == '\r') field.pop_back();
    return field;
  }

  std::string quoted() {
    const std::size_t began = line_;
    std::string field;
    for (++at_;; ++at_) {
      if (at_end()) fail("a quote does not end", began);
      const char c = text_[at_];
      if (c == '\0') fail("a byte 0: this is no text", line_);
      if (c == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        ++at_;  // two quotes stand for one
      }
      if (c == '\n') ++line_;
      field += c;
    }
    ++at_;
    // What stands behind the closing quote belongs to no standard; it is kept, as spreadsheets do.
    return field + plain();
  }

  std::string_view text_;
  const std::string& where_;
  char separator_ = ',';
  std::size_t at_ = 0, line_ = 1;
};

void check_columns(const CsvTable& table, const Reader& reader) {
  std::set<std::string> seen;
  for (const std::string& column : table.columns)
    if (!seen.insert(lower(column)).second)
      reader.fail(fmt::format("two columns are called '{}'", column), 1);
}

}  // namespace

std::optional<std::size_t> CsvTable::find(std::string_view column) const {
  const std::string wanted = lower(column);
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (lower(columns[i]) == wanted) return i;
  return std::nullopt;
}

CsvTable parse_csv(std::string_view text, const std::string& where) {
  Reader reader(text, where);
  CsvTable table;
  if (reader.at_end()) reader.fail("the file is empty; its first line names the columns", 1);
  table.columns = reader.row();
  check_columns(table, reader);
  while (!reader.at_end()) {
    const std::size_t line = reader.line();
    std::vector<std::string> row = reader.row();
    if (row.size() == 1 && row[0].empty()) continue;
    if (row.size() != table.columns.size())
      reader.fail(
          fmt::format("{}, where the first line has {}", counted(row.size(), "field"), table.columns.size()),
          line);
    table.rows.push_back(std::move(row));
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

}  // namespace dsx::data

#include "study/cli/csv.hpp"

#include <fmt/format.h>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::cli {
namespace {

class Parser {
 public:
  Parser(const std::filesystem::path& path, const std::vector<std::uint8_t>& text)
      : path_(path), text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  std::vector<std::string> row() {
    std::vector<std::string> cells;
    while (true) {
      cells.push_back(as_utf8(!at_end() && text_[at_] == '"' ? quoted() : plain()));
      if (at_end()) break;
      const char end = static_cast<char>(text_[at_++]);
      if (end == ',') continue;
      if (end == '\r' && !at_end() && text_[at_] == '\n') ++at_;
      break;
    }
    ++line_;
    return cells;
  }

 private:
  std::string plain() {
    std::string cell;
    while (!at_end() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r')
      cell += static_cast<char>(text_[at_++]);
    return cell;
  }
  std::string quoted() {
    std::string cell;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        cell += static_cast<char>(text_[at_]);
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        cell += static_cast<char>(text_[++at_]);
      } else {
        ++at_;
        if (!at_end() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r')
          throw DataError(fmt::format("{}:{}: text after a closing quote", path_.string(), line_));
        return cell;
      }
    }
    throw DataError(fmt::format("{}:{}: a quote does not end", path_.string(), line_));
  }

  const std::filesystem::path& path_;
  const std::vector<std::uint8_t>& text_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

std::string csv_cell(const std::string& bytes) {
  const std::string text = as_utf8(bytes);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += (&cell == cells.data() ? "" : ",") + csv_cell(cell);
  return line + '\n';
}

std::size_t CsvTable::column(const std::string& name) const {
  for (std::size_t i = 0; i < header.size(); ++i)
    if (header[i] == name) return i;
  throw DataError(fmt::format("{}: has no column '{}'", path.string(), name));
}

CsvTable read_csv(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> text = data::read_file(path);
  Parser parser(path, text);
  CsvTable table;
  table.path = path;
  if (!parser.at_end()) table.header = parser.row();
  while (!parser.at_end()) {
    const std::size_t line = parser.line();
    std::vector<std::string> row = parser.row();
    if (row.size() != table.header.size())
      throw DataError(fmt::format("{}:{}: {}, the header has {}", path.string(), line,
                                  counted(row.size(), "cell"), table.header.size()));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace dsx::cli

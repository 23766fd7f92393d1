// Comma-separated values as RFC 4180 has them: quoted fields, line breaks within quotes, a first line of
// names. Written here since Debian has no parser for columns that are known only when the file is read
// (libfccp wants their number at compile time). A byte-order mark is skipped; semicolons or tabs separate
// where the first line has more of them than of commas.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dsx::data {

struct CsvTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>>
      rows;  // each with as many fields as there are columns; empty lines are left out

  // The column of that name, in any case; nothing where there is none.
  std::optional<std::size_t> find(std::string_view column) const;
};

// Throws DataError that names `where` and the line: no first line, a row of another length, a quote that does
// not end, a byte 0, two columns of one name.
CsvTable parse_csv(std::string_view text, const std::string& where);
CsvTable read_csv(const std::filesystem::path& file);

}  // namespace dsx::data

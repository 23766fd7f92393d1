// Comma-separated values as RFC 4180 has them: cells with commas, quotes or line ends stand in quotes. Cells
// are UTF-8 by as_utf8() (kernels/base/utf8.hpp), those that are read as well, so that names compare equal.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dsx::cli {

std::string csv_cell(const std::string& bytes);               // quoted where CSV needs it
std::string csv_line(const std::vector<std::string>& cells);  // with its line end

struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as many cells as the header has
  // Position of a column. Throws DataError when there is none.
  std::size_t column(const std::string& name) const;
  std::filesystem::path path;
};

// Throws DataError with file and line: unreadable, a quote that does not end, a row of another length.
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace dsx::cli

// What `study export` can write: one row per format.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/run/opened_run.hpp"

namespace dsx::exchange {

struct ExportFormat {
  std::string name;       // what --format takes
  std::string extension;  // of the file; empty: the format makes files of its own names in a folder
  std::string help;       // one line
  // Writes `out`, a file or an existing folder, and returns what was written, for people. Throws OutputError.
  std::string (*write)(const run::OpenedRun& run, const std::filesystem::path& out);
};

const std::vector<ExportFormat>& export_formats();
const ExportFormat& export_format(const std::string& name);  // throws ConfigError that lists them

}  // namespace dsx::exchange

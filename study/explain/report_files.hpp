// The report as JSON (there and back) and as HDF5: a group per experiment and table, a data set per column.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "study/explain/report.hpp"

namespace dsx::explain {

nlohmann::ordered_json to_json(const ExplainReport& report);
// Throws DataError: no such file, no JSON, not a report of ours.
ExplainReport read_explain_json(const std::filesystem::path& path);
void write_explain_h5(const std::filesystem::path& path, const ExplainReport& report);

}  // namespace dsx::explain

// summary.json: what people and scripts ask of a run first. Replaced as a whole, as run.h5 is.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "study/run/run_record.hpp"

namespace dsx::run {

nlohmann::ordered_json summary_json(const RunRecord& record);
void write_summary(const std::filesystem::path& path, const RunRecord& record);  // throws OutputError

}  // namespace dsx::run

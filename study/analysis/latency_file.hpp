// latency.json: what run_latency() measured, so that a report is made again without measuring. And what one
// process tells the one that started it, which is a part of that.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "study/analysis/latency_run.hpp"

namespace dsx::analysis {

nlohmann::ordered_json to_json(const LatencyProcess& process);
LatencyProcess latency_process_of(const nlohmann::ordered_json& json);  // nlohmann's exceptions

// False when there is no file, or it is of other networks, or damaged: then it is to be measured again. Files
// of earlier versions are read: they are of one process (LatencyRun::of_one_process).
bool read_latency_file(const std::filesystem::path& path, const LatencyRequest& request, LatencyRun& run);
void write_latency_file(const std::filesystem::path& path, const LatencyRequest& request,
                        const LatencyRun& run);

}  // namespace dsx::analysis

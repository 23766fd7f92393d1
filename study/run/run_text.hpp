// What a run prints on stdout: plain tables with units, the same figures as summary.json.
#pragma once

#include <filesystem>
#include <string>

#include "study/run/run_record.hpp"

namespace dsx::run {

std::string start_text(const RunRecord& record);  // network, data, threads
std::string epoch_text(const training::TrainState& state, int epochs, bool best);
std::string evaluation_text(const RunRecord& record);  // test metrics, confusion matrix
std::string latency_text(const RunRecord& record);     // latency, data loading, share of each step
std::string end_text(const RunRecord& record, const std::filesystem::path& folder);

}  // namespace dsx::run

// Predictions of a run as MedMNIST's evaluator writes and reads them, one file per split.
#pragma once

#include <filesystem>
#include <string>

#include "study/run/opened_run.hpp"

namespace dsx::exchange {

// Into the folder `out`; returns what was written, for people. Throws ConfigError, DataError, OutputError.
std::string write_medmnist(const run::OpenedRun& run, const std::filesystem::path& out);

}  // namespace dsx::exchange

// compare.yaml: the sweep that a folder holds, so that the same folder always means the same experiment.
#pragma once

#include <filesystem>

#include "study/sweep/sweep.hpp"

namespace dsx::sweep {

std::filesystem::path sweep_file(const std::filesystem::path& folder);  // <folder>/compare.yaml
// Throws OutputError.
void write_sweep(const std::filesystem::path& folder, const Sweep& sweep);
// Throws ConfigError with file and what is wrong.
Sweep read_sweep(const std::filesystem::path& folder);

// A sweep may grow (more variants, seeds or noise), as finished cells stay valid; it may not lose values or
// change a setting that decides numbers. Throws ConfigError that names the first difference.
void refuse_another_sweep(const Sweep& wanted, const Sweep& recorded, const std::filesystem::path& folder);

}  // namespace dsx::sweep

// A sweep in words, before it runs: for people, and as JSON for scripts/workflows/Snakefile.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "study/sweep/plan_sweep.hpp"
#include "study/sweep/run_sweep.hpp"

namespace dsx::sweep {

struct SweepView {
  const Sweep& sweep;
  const SweepData& data;
  const std::vector<PlannedCell>& cells;
  const std::filesystem::path& folder;
  const SweepOptions& options;
};

std::string plan_text(const SweepView& view);  // the data, the cells, the folder
// Each cell with its state, the time it may take, and the command that runs it anywhere.
std::string dry_run_text(const SweepView& view);
nlohmann::ordered_json dry_run_json(const SweepView& view);

}  // namespace dsx::sweep

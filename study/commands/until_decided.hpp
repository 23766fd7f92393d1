// `study compare --until-decided`: adds seeds, look by look, until the main questions are decided.
#pragma once

#include <filesystem>
#include <limits>
#include <string>

#include "study/findings/finish.hpp"
#include "study/sweep/run_sweep.hpp"

namespace dsx::commands {

// Runs the cells of each of sweep.looks (statistics/looks.hpp) and stops when no main question is open, when
// the next look's cells would take longer than what is left of `budget_s`, or after the last look. `sweep`
// ends with the seeds that ran. Returns run_sweep()'s code; cells that fail end it.
int run_until_decided(sweep::Sweep& sweep, const std::filesystem::path& folder,
                      const sweep::SweepOptions& options, const findings::FinishOptions& finish,
                      double budget_s = std::numeric_limits<double>::infinity());

}  // namespace dsx::commands

// How long the end of a comparison takes: what follows its cells is often longer than they are. For people
// who wait; no measurement of the study.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/findings/finish.hpp"
#include "study/sweep/plan_sweep.hpp"

namespace dsx::findings {

struct StageTime {
  std::string name;  // "swapped operators"
  double seconds = 0;
};

// Of the stages that `options` wants and whose results `folder` does not hold yet. From the speed that
// training showed (`estimator`; `threads_per_job` of `options.threads`), the images of the data, and figures
// of what one image costs in each stage.
std::vector<StageTime> stage_times(const std::filesystem::path& folder,
                                   const std::vector<sweep::PlannedCell>& cells, const sweep::SweepData& data,
                                   const sweep::Estimator& estimator, const FinishOptions& options,
                                   int threads_per_job);
double total_seconds(const std::vector<StageTime>& stages);
// "the cells are done; about 3 min left: shifted images 12 s, swapped operators 40 s, ..."; "" for a moment.
std::string what_follows_text(const std::vector<StageTime>& stages);

}  // namespace dsx::findings

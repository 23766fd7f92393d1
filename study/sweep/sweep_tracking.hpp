// A sweep as the parent run of its cells: what was compared, how many cells ended how, their means, and the
// comparison's files. Cells are tracked by their own processes (run_tracking.hpp), which find the parent in
// the sweep's folder.
#pragma once

#include <memory>

#include "study/run/tracked.hpp"
#include "study/sweep/plan_sweep.hpp"

namespace dsx::sweep {

class SweepTracking {
 public:
  void begin(const Sweep& sweep, const SweepData& data, const std::filesystem::path& folder,
             const std::string& command);
  // After the last cell, and before the figures: nothing is sent while latency is measured.
  void cells_done(const std::vector<PlannedCell>& cells) noexcept;
  void end(const std::filesystem::path& folder,
           const std::string& status) noexcept;  // FINISHED, FAILED or KILLED

 private:
  std::unique_ptr<run::Tracked> tracked_;
};

// Files and folders of a comparison that are sent when it ends, as far as they are there.
const std::vector<std::string>& sweep_artifacts();

// Puts into the settings where the sweep in `folder` is tracked, so that its cells are, too.
void keep_track_target(settings::Settings& settings, const std::filesystem::path& folder);

// After `study report`: sends the page and figures of a tracked sweep. Does nothing for another one.
void track_report(const std::filesystem::path& folder);

}  // namespace dsx::sweep

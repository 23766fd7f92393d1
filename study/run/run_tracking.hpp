// A run as records of its journal: parameters, tags, metrics per epoch, the data set, latency and artifacts.
// Every call does nothing when the run is not tracked, and none throws.
#pragma once

#include <memory>

#include "study/run/run_record.hpp"
#include "study/run/tracked.hpp"

namespace dsx::run {

class RunTracking {
 public:
  // Resumes the journal in `folder`, if there is one: epochs that it lacks are added.
  void begin(const RunRecord& record, const std::filesystem::path& folder);
  void epoch_done(const RunRecord& record) noexcept;  // the last of its history
  void evaluated(const RunRecord& record) noexcept;
  // Nothing is sent between the two.
  void before_latency() noexcept;
  void after_latency() noexcept;
  // Before the run's files say that it is finished: what it measured in the end. A kill between the two
  // leaves neither the files nor the journal with figures that a resumed run measures anew.
  void finishing(const RunRecord& record) noexcept;
  // By the record's status. Waits a bounded time for the sender.
  void end(const RunRecord& record) noexcept;

 private:
  std::unique_ptr<Tracked> tracked_;
};

// MLflow's word for a run's status: FINISHED, KILLED (interrupted) or FAILED.
std::string mlflow_status(const std::string& status);
// Files of a run that are sent when it ends: small ones, and checkpoints with all else.
const std::vector<std::string>& small_artifacts();
const std::vector<std::string>& large_artifacts();

}  // namespace dsx::run

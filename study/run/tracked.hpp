// One tracked thing (a run, or a sweep over runs): its journal and the thread that sends it. Tracking never
// ends a training: whatever goes wrong here is one warning, and then the run continues without it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "study/settings/settings.hpp"
#include "study/tracking/sender.hpp"

namespace dsx::run {

// --track, else what the folder's journal says, else its parent's, else MLFLOW_TRACKING_URI; "off" turns all
// of it off: url "". The experiment alike (MLFLOW_EXPERIMENT_NAME, MLFLOW_EXPERIMENT_ID), by default
// DownScaleXR. An address of the environment that we cannot use is a warning.
tracking::Target track_target(const settings::Settings& settings, const std::filesystem::path& folder,
                              const std::filesystem::path& parent_folder = {});

// Another tracked thing that one is part of: a cell's sweep.
struct TrackParent {
  std::filesystem::path folder = {};  // "" for none
  // Begin its journal when there is none: a workflow runs the cells before the sweep itself.
  bool begin = false;
};

class Tracked {
 public:
  // Null when it is not to be tracked, or cannot be.
  static std::unique_ptr<Tracked> open(const std::filesystem::path& folder, const std::string& name,
                                       const settings::Settings& settings, const TrackParent& parent = {});

  // What the journal held already; empty for a new one.
  const std::vector<tracking::Record>& before() const { return journal_->before(); }
  void add(const std::vector<tracking::Json>& events) noexcept;
  bool has_file(const std::string& name) const noexcept;
  void pause() noexcept;  // nothing is sent while something is measured
  void resume() noexcept;
  // Waits a bounded time (`brief`: a few seconds) and says on stdout what has arrived.
  void finish(bool brief) noexcept;

 private:
  explicit Tracked(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void begin(const std::string& name, const tracking::Target& target, const TrackParent& parent);
  void stop(const std::string& why) noexcept;

  std::filesystem::path folder_;
  std::unique_ptr<tracking::JournalWriter> journal_;
  std::unique_ptr<tracking::Sender> sender_;
  bool stopped_ = false;  // no more records; what is in the journal is still sent
};

// "<head>: all 14 records have arrived at http://..." or what has not, why, and how to send it later.
std::string outcome_text(const tracking::Outcome& outcome, const std::filesystem::path& folder,
                         const std::string& head = "tracking");

// Tags of MLflow's own and of this project that every tracked thing has.
tracking::Texts common_tags(const std::string& name, const std::string& phase);

}  // namespace dsx::run

// The one folder that a run writes to: made only once everything else is known to work, never over an
// existing run, and locked against a second process that would resume it at the same time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "data/io/folder_lock.hpp"
#include "study/settings/settings.hpp"

namespace dsx::run {

// A data set's name in a folder's name: "chest_xray", "synthetic".
std::string data_word(const std::string& data);

// "avgpool-chest_xray-s1-20240131-235959"; `prefix` goes in front ("latency-").
std::string default_run_name(const settings::Settings& settings, const std::string& prefix = "");

// Whether the folder holds a run that was stopped before its first epoch was written (or nothing at all), so
// that a new run under its name loses nothing.
bool is_unborn(const std::filesystem::path& folder);

// Throws OutputError when the run's folder exists and is not unborn, is another process's, or cannot be made,
// without making anything. Called first, so that a long import does not end in a wrong --name.
void check_new_run_folder(const settings::Settings& settings);

class RunFolder {
 public:
  // settings.out/settings.name, or a new default name. It appears with its config.yaml, the text of `config`
  // for its name, so that a run that is killed at any moment can be resumed; one that is there and unborn is
  // taken over. Throws OutputError.
  static RunFolder create(const settings::Settings& settings,
                          const std::function<std::string(const std::string& name)>& config,
                          const std::string& prefix = "");
  // An earlier run's folder, to resume in. Throws DataError when it is none, OutputError when another process
  // has it.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  bool begun_anew() const { return begun_anew_; }  // an unborn run was here
  std::string name() const { return path_.filename().string(); }
  std::filesystem::path run_h5() const { return path_ / "run.h5"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path best() const { return path_ / "best.h5"; }
  std::filesystem::path last() const { return path_ / "last.h5"; }

  // Removes the folder with all in it: for a new run that could not write its first files.
  void discard();

 private:
  RunFolder(std::filesystem::path path, data::FolderLock lock);
  std::filesystem::path path_;
  data::FolderLock lock_;
  bool begun_anew_ = false;
};

}  // namespace dsx::run

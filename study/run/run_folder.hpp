// The one folder that a run writes to: made only once everything else is known to work, never over an
// existing one, and locked against a second process that would resume it at the same time.
#pragma once

#include <filesystem>
#include <string>

#include "study/settings/settings.hpp"

namespace dsx::run {

// A data set's name in a folder's name: "chest_xray", "synthetic".
std::string data_word(const std::string& data);

// "avgpool-chest_xray-s1-20240131-235959"; `prefix` goes in front ("latency-").
std::string default_run_name(const settings::Settings& settings, const std::string& prefix = "");

// Throws OutputError when the run's folder exists or cannot be made, without making anything. Called first,
// so that a long import does not end in a wrong --name.
void check_new_run_folder(const settings::Settings& settings);

class RunFolder {
 public:
  // settings.out/settings.name, or a new default name. Throws OutputError.
  static RunFolder create(const settings::Settings& settings, const std::string& prefix = "");
  // An earlier run's folder, to resume in. Throws DataError when it is none, OutputError when another process
  // has it.
  static RunFolder open(const std::filesystem::path& path);

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  std::filesystem::path run_h5() const { return path_ / "run.h5"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path best() const { return path_ / "best.h5"; }
  std::filesystem::path last() const { return path_ / "last.h5"; }

  // Removes the folder with all in it: for a new run that could not write its first files.
  void discard();

 private:
  RunFolder(std::filesystem::path path, int lock);
  std::filesystem::path path_;
  int lock_ = -1;  // descriptor that holds the folder's flock
};

}  // namespace dsx::run

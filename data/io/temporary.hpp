// Files and folders that appear under their name only when they are complete. Until then each is a temporary
// of its own beside that name, ".NAME.<64 random bits>.tmp", made exclusively: neither two processes nor two
// containers or hosts, which may share a process id, ever write the same one. It is locked while it is
// written, so that the next writer in the folder tells one that a killed process left, and removes it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/io/folder_lock.hpp"

namespace dsx::data {

// stem + suffix, the stem cut where the folder's file system takes no name that long.
std::string fitting_name(const std::filesystem::path& folder, const std::string& stem,
                         const std::string& suffix);

class Temporary {
 public:
  // An empty file, and the folders above it. Throws OutputError that names `path`.
  explicit Temporary(std::filesystem::path path);
  ~Temporary();  // removes it, unless it was published
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const std::filesystem::path& path() const { return temporary_; }  // to be written
  int descriptor() const { return descriptor_; }                    // open for writing, at its start

  // Syncs to disk, renames over the path, and syncs the folder. Throws OutputError.
  void publish();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
};

class TemporaryFolder {
 public:
  // An empty folder beside `path`; the folder above must be there. Throws OutputError.
  explicit TemporaryFolder(std::filesystem::path path);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }

  // Gives it its name and its lock away. Nothing when something has that name already, other than an empty
  // folder, which is replaced. Throws OutputError.
  std::optional<FolderLock> publish();

 private:
  std::filesystem::path path_, temporary_;
  std::optional<FolderLock> lock_;
};

}  // namespace dsx::data

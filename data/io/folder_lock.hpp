// A folder that one process has to itself. The system lets go of it when that process ends, however it ends.
#pragma once

#include <filesystem>
#include <optional>

namespace dsx::data {

class FolderLock {
 public:
  // Nothing when another process has the folder. Throws OutputError when the folder cannot be opened. File
  // systems without any locks do without one.
  static std::optional<FolderLock> try_lock(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace dsx::data

// One sweep per folder: a lock that the system drops with the process, however that ends.
#pragma once

#include <filesystem>

namespace dsx::sweep {

class FolderLock {
 public:
  // Locks <folder>/.lock. Throws OutputError when another process has it, or it cannot be made. File systems
  // without locks do without one.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace dsx::sweep

// flock on the folder itself, which leaves no file behind. NFS locks only what is open for writing, which a
// folder cannot be: there a file .lock is locked instead, so that another host sees it, too.
#include "data/io/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "kernels/base/error.hpp"

namespace dsx::data {

std::optional<FolderLock> FolderLock::try_lock(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw OutputError(fmt::format("{}: cannot be opened: {}", folder.string(), std::strerror(errno)));
  FolderLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return std::nullopt;
  const int file = ::openat(descriptor, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return lock;  // read-only, or full: the reason comes with the first file
  FolderLock by_file(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return by_file;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace dsx::data

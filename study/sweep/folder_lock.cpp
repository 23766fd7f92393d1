// flock on a file that is opened for writing, which NFS asks for. Children do not inherit it (O_CLOEXEC): the
// cells of a killed sweep end on their own, and have locks of their own.
#include "study/sweep/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/base/error.hpp"

namespace dsx::sweep {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw OutputError(
        fmt::format("{}: cannot be written: {}; choose another --out", path.string(), std::strerror(errno)));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor_);
    throw OutputError(
        folder.string() +
        ": another study compare is running in this folder; wait for it, or choose another --out");
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace dsx::sweep

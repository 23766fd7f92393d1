// A lock is taken after the file was made, and a host may not see another's: one that nobody holds is stale
// only when it was not written for a while; longer where the file system has no locks.
#include "data/io/temporary.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>

#include "data/io/files.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kRandomDigits = 16;
constexpr int kAttempts = 100;  // of names that are all taken: not by chance
constexpr std::chrono::minutes kUnlockedIsStale{10};
constexpr std::chrono::hours kUnlockableIsStale{1};

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string random_digits() {
  std::random_device source;
  const auto bits = static_cast<std::uint64_t>(source()) << 32U | source();
  return fmt::format("{:016x}", bits);
}

// ".NAME." or as much of NAME as leaves room for what follows.
std::string prefix_of(const fs::path& path) {
  constexpr std::size_t kRest = kRandomDigits + sizeof(".tmp") - 1;
  const std::string room(kRest + 1, 'x');
  std::string stem = fitting_name(folder_of(path), "." + path.filename().string(), room);
  return stem.erase(stem.size() - room.size()) + ".";
}

// Of any name, since that of a run may hold the time and never come again; or of this one, with a process id
// as version 0.1 had it.
bool is_temporary_name(const std::string& name, const std::string& prefix) {
  constexpr std::string_view kEnd = ".tmp";
  if (!name.starts_with('.') || !name.ends_with(kEnd)) return false;
  const std::string front = name.substr(0, name.size() - kEnd.size());
  const std::size_t dot = front.rfind('.');
  const std::string digits = front.substr(dot + 1);
  const auto only = [&](const char* allowed) {
    return digits.find_first_not_of(allowed) == std::string::npos;
  };
  if (digits.size() == kRandomDigits && dot > 0 && only("0123456789abcdef")) return true;
  return front.substr(0, dot + 1) == prefix && !digits.empty() && only("0123456789");
}

bool is_stale(const fs::path& path) {
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  if (error) return false;
  const auto age = fs::file_time_type::clock::now() - written;
  if (age < kUnlockedIsStale) return false;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  const bool held = !locked && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked || (!held && age >= kUnlockableIsStale);
}

void remove_stale(const fs::path& path, const std::string& prefix) {
  std::error_code ignored;
  for (fs::directory_iterator it(folder_of(path), ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    std::error_code error;
    if (is_temporary_name(it->path().filename().string(), prefix) && is_stale(it->path()))
      fs::remove_all(it->path(), error);
  }
}

}  // namespace

std::string fitting_name(const fs::path& folder, const std::string& stem, const std::string& suffix) {
  const long limit = ::pathconf(folder.c_str(), _PC_NAME_MAX);
  const std::size_t most = limit > 0 ? static_cast<std::size_t>(limit) : NAME_MAX;
  std::size_t kept = std::min(stem.size(), most - std::min(most, suffix.size()));
  // Not within a character of UTF-8.
  while (kept > 0 && kept < stem.size() && (static_cast<unsigned char>(stem[kept]) & 0xC0U) == 0x80) --kept;
  return stem.substr(0, kept) + suffix;
}

Temporary::Temporary(fs::path path) : path_(std::move(path)) {
  const fs::path folder = folder_of(path_);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) output_error(folder, "make this folder", error.value());
  const std::string prefix = prefix_of(path_);
  remove_stale(path_, prefix);
  for (int attempt = 0; attempt < kAttempts && descriptor_ < 0; ++attempt) {
    temporary_ = folder / (prefix + random_digits() + ".tmp");
    descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) break;
  }
  if (descriptor_ < 0) output_error(path_, "write", errno);
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // for is_stale(); best effort
}

Temporary::~Temporary() {
  if (descriptor_ < 0) return;
  ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

void Temporary::publish() {
  if (::fsync(descriptor_) != 0) output_error(path_, "write", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) output_error(path_, "replace", errno);
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) output_error(path_, "write", errno);
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);  // best effort: some file systems refuse it
  ::close(folder);
}

TemporaryFolder::TemporaryFolder(fs::path path) : path_(std::move(path)) {
  const std::string prefix = prefix_of(path_);
  remove_stale(path_, prefix);
  int made = -1;
  for (int attempt = 0; attempt < kAttempts && made != 0; ++attempt) {
    temporary_ = folder_of(path_) / (prefix + random_digits() + ".tmp");
    made = ::mkdir(temporary_.c_str(), 0777);
    if (made != 0 && errno != EEXIST) break;
  }
  if (made != 0) output_error(path_, "make this folder", errno);
  lock_ = FolderLock::try_lock(temporary_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

std::optional<FolderLock> TemporaryFolder::publish() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR || errno == EBUSY) return std::nullopt;
    output_error(path_, "make this folder", errno);
  }
  temporary_.clear();
  return std::move(lock_);
}

}  // namespace dsx::data

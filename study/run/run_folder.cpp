// mkdir decides who owns a new name, so two runs that start in the same second cannot share a folder.
#include "study/run/run_folder.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "kernels/base/error.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

// Letters, digits, '.', '_', '-' only, so that a name needs no quoting anywhere.
std::string tame(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') c = '_';
  return text.substr(0, 60);
}

int lock_folder(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw OutputError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  // File systems without locks do without one.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor);
    throw OutputError(path.string() + ": another process is writing this run; wait for it to end");
  }
  return descriptor;
}

[[noreturn]] void refuse_existing(const fs::path& path) {
  throw OutputError(
      path.string() +
      ": exists already and is left untouched; choose another --name, or resume it with --resume " +
      path.string());
}

}  // namespace

std::string data_word(const std::string& data) {
  fs::path path(data);
  if (path.filename().empty()) path = path.parent_path();
  return tame(path.extension() == ".h5" ? path.stem().string() : path.filename().string());
}

std::string default_run_name(const settings::Settings& settings, const std::string& prefix) {
  const std::string data = prefix.empty() ? data_word(settings.data) + "-" : "";
  return fmt::format("{}{}-{}s{}-{:%Y%m%d-%H%M%S}", prefix, tame(settings.variant), data, settings.seed,
                     fmt::localtime(std::time(nullptr)));
}

void check_new_run_folder(const settings::Settings& settings) {
  const fs::path out = fs::absolute(settings.out);
  std::error_code ignored;
  if (!settings.name.empty() && fs::exists(fs::symlink_status(out / settings.name, ignored)))
    refuse_existing(out / settings.name);
  fs::path above = out;
  while (!fs::exists(above, ignored) && above != above.parent_path()) above = above.parent_path();
  if (!fs::is_directory(above, ignored))
    throw OutputError(fmt::format(
        "{}: is not a folder, so the run cannot be written below it; choose another --out", above.string()));
  if (::access(above.c_str(), W_OK | X_OK) != 0)
    throw OutputError(
        fmt::format("{}: not writable ({}); choose another --out", above.string(), std::strerror(errno)));
}

RunFolder RunFolder::create(const settings::Settings& settings, const std::string& prefix) {
  const fs::path out = fs::absolute(settings.out).lexically_normal();
  std::error_code error;
  fs::create_directories(out, error);
  if (error)
    throw OutputError(
        fmt::format("{}: cannot be made: {}; choose another --out", out.string(), error.message()));
  const std::string base = settings.name.empty() ? default_run_name(settings, prefix) : settings.name;
  for (int number = 1;; ++number) {
    const fs::path path = out / (number == 1 ? base : fmt::format("{}-{}", base, number));
    if (::mkdir(path.c_str(), 0777) == 0) return {path, lock_folder(path)};
    if (errno != EEXIST)
      throw OutputError(
          fmt::format("{}: cannot be made: {}; choose another --out", path.string(), std::strerror(errno)));
    if (!settings.name.empty()) refuse_existing(path);
  }
}

RunFolder RunFolder::open(const fs::path& given) {
  const fs::path path = fs::absolute(given).lexically_normal();
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    throw DataError(path.string() + ": no such run folder; check the path given with --resume");
  if (!fs::exists(path / "config.yaml", ignored))
    throw DataError(path.string() + ": holds no config.yaml, so it is not a run of this program");
  RunFolder folder(path, lock_folder(path));
  // What a killed process left half-written. The lock says that no one is writing it.
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") && name.ends_with(".tmp")) fs::remove(entry.path(), ignored);
  }
  return folder;
}

RunFolder::RunFolder(fs::path path, int lock) : path_(std::move(path)), lock_(lock) {}

RunFolder::RunFolder(RunFolder&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) {
  other.lock_ = -1;
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::discard() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace dsx::run

// A folder is filled under another name and renamed, which fails when the name is taken: two runs that start
// in the same second cannot share a folder, and none is ever seen without its config.yaml.
#include "study/run/run_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/io/files.hpp"
#include "data/io/temporary.hpp"
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

data::FolderLock lock_run(const fs::path& path) {
  std::optional<data::FolderLock> lock = data::FolderLock::try_lock(path);
  if (!lock) throw OutputError(path.string() + ": another process is writing this run; wait for it to end");
  return std::move(*lock);
}

bool is_left_over(const std::string& name) { return name.starts_with(".") && name.ends_with(".tmp"); }

// Written before the first epoch. Of the journal's files nothing is lost: the new run goes on in them.
bool is_early_file(const std::string& name) {
  constexpr std::array<std::string_view, 4> kEarly = {"config.yaml", "run.h5", "summary.json", ".lock"};
  return is_left_over(name) || std::find(kEarly.begin(), kEarly.end(), name) != kEarly.end() ||
         name.starts_with("tracking.") || name.starts_with(".tracking");
}

// What a killed process left half-written. The lock says that no one is writing it.
void remove_left_overs(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (is_left_over(entry.path().filename().string())) fs::remove(entry.path(), ignored);
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

bool is_unborn(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (!entry.is_regular_file(error) || !is_early_file(entry.path().filename().string())) return false;
  if (error) return false;
  const fs::path summary = folder / "summary.json";
  if (!fs::exists(summary, error))
    return !fs::exists(folder / "run.h5", error) || fs::exists(folder / "config.yaml", error);
  const nlohmann::json json = nlohmann::json::parse(data::read_file(summary), nullptr, false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != "downscalexr-summary") return false;
  const nlohmann::json status = json.value("status", nlohmann::json());
  return status == "running" || status == "interrupted" || status == "failed";
}

void check_new_run_folder(const settings::Settings& settings) {
  const fs::path out = fs::absolute(settings.out);
  std::error_code ignored;
  if (!settings.name.empty() && fs::exists(fs::symlink_status(out / settings.name, ignored))) {
    if (!is_unborn(out / settings.name)) refuse_existing(out / settings.name);
    lock_run(out / settings.name);
  }
  fs::path above = out;
  while (!fs::exists(above, ignored) && above != above.parent_path()) above = above.parent_path();
  if (!fs::is_directory(above, ignored))
    throw OutputError(fmt::format(
        "{}: is not a folder, so the run cannot be written below it; choose another --out", above.string()));
  if (::access(above.c_str(), W_OK | X_OK) != 0)
    throw OutputError(
        fmt::format("{}: not writable ({}); choose another --out", above.string(), std::strerror(errno)));
}

RunFolder RunFolder::create(const settings::Settings& settings,
                            const std::function<std::string(const std::string&)>& config,
                            const std::string& prefix) {
  const fs::path out = fs::absolute(settings.out).lexically_normal();
  std::error_code error;
  fs::create_directories(out, error);
  if (error)
    throw OutputError(
        fmt::format("{}: cannot be made: {}; choose another --out", out.string(), error.message()));
  const std::string base = settings.name.empty() ? default_run_name(settings, prefix) : settings.name;
  for (int number = 1;; ++number) {
    const fs::path path = out / (number == 1 ? base : fmt::format("{}-{}", base, number));
    const std::string text = config(path.filename().string());
    data::TemporaryFolder folder(path);
    data::write_file_atomically(folder.path() / "config.yaml", text);
    if (std::optional<data::FolderLock> lock = folder.publish()) return {path, std::move(*lock)};
    if (settings.name.empty()) continue;
    if (!is_unborn(path)) refuse_existing(path);
    RunFolder again(path, lock_run(path));
    if (!is_unborn(path)) refuse_existing(path);  // another run had it until now
    again.begun_anew_ = true;
    remove_left_overs(path);
    for (const fs::path& file : {again.run_h5(), again.summary()}) fs::remove(file, error);
    data::write_file_atomically(again.config(), text);
    return again;
  }
}

RunFolder RunFolder::open(const fs::path& given) {
  const fs::path path = fs::absolute(given).lexically_normal();
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    throw DataError(path.string() + ": no such run folder; check the path given with --resume");
  if (!fs::exists(path / "config.yaml", ignored))
    throw DataError(path.string() + ": holds no config.yaml, so it is not a run of this program");
  RunFolder folder(path, lock_run(path));
  remove_left_overs(path);
  return folder;
}

RunFolder::RunFolder(fs::path path, data::FolderLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

void RunFolder::discard() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace dsx::run

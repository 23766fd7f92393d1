// Where results go: folders and their disks, and the tracking server.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "bench/measure/environment.hpp"
#include "data/loading/open.hpp"
#include "kernels/base/error.hpp"
#include "study/doctor/check.hpp"
#include "study/tracking/address.hpp"
#include "study/tracking/answer.hpp"
#include "study/tracking/client_environment.hpp"
#include "study/tracking/http.hpp"

namespace dsx::doctor {
namespace {

namespace fs = std::filesystem;

// A run with its two checkpoints of 11.4 million parameters and their momentum takes .2 GB, an import of the
// public chest X-rays .4 GB.
constexpr double kEnoughDiskBytes = 2 * kGiB;
constexpr long kServerPatience_s = 10;

// `folder`, or the nearest one above it that exists.
fs::path existing(fs::path folder) {
  std::error_code ignored;
  folder = fs::absolute(folder, ignored);
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Finding check_folder(const fs::path& folder, const std::string& flag) {
  const fs::path there = existing(folder);
  const std::string made =
      there == fs::absolute(folder).lexically_normal() ? "" : " (made when it is needed)";
  std::error_code ignored;
  if (!fs::is_directory(there, ignored))
    return {Status::broken, there.string() + " is a file", flag + " names another folder"};
  struct statvfs disk {};
  if (::statvfs(there.c_str(), &disk) != 0)
    return {Status::broken,
            fmt::format("{}: {}", there.string(), std::error_code(errno, std::generic_category()).message()),
            flag + " names another folder"};
  const double free_bytes = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  const std::string what = fmt::format("{}{}: {:.1f} GiB free", folder.string(), made, free_bytes / kGiB);
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    return {Status::broken, what + ", but not writable",
            flag + " names another folder, or chmod u+rwx " + bench::shell_quoted(there.string())};
  if (free_bytes < kEnoughDiskBytes)
    return {Status::limited, what, "free some room, or " + flag + " names another folder"};
  return {Status::good, what};
}

}  // namespace

Finding check_tracking(const Question& question) {
  const std::string named =
      question.track.empty() ? tracking::environment_text("MLFLOW_TRACKING_URI") : question.track;
  if (named.empty())
    return {Status::good, "no server is named (--track URI or MLFLOW_TRACKING_URI): runs stay here"};
  tracking::Address address;
  try {
    address = tracking::parse_address(named, question.track.empty() ? "MLFLOW_TRACKING_URI" : "--track");
    tracking::put_in_environment(address);
    tracking::ClientOptions options = tracking::client_options();
    options.answer_s = kServerPatience_s;
    const tracking::Credentials credentials = tracking::read_credentials(tracking::credentials_file());
    tracking::Http http(credentials, options, nullptr);
    // Asks for one experiment: writes nothing, and needs the rights that reading needs.
    tracking::accepted(address.url, "asking for experiments",
                       http.get(address.url + "/api/2.0/mlflow/experiments/search?max_results=1"),
                       credentials);
    return {Status::good, address.url + " answers"};
  } catch (const std::runtime_error& error) {
    return {Status::broken, error.what(), "docs/tracking.md says what the server and its variables need"};
  }
}

Finding check_out(const Question& question) { return check_folder(question.out, "--out"); }

Finding check_cache(const Question& question) {
  if (!question.cache.empty()) return check_folder(question.cache, "--cache-dir");
  try {
    return check_folder(data::default_cache_dir(), "--cache-dir");
  } catch (const OutputError& error) {
    return {Status::broken, error.what(), "--cache-dir names one"};
  }
}

}  // namespace dsx::doctor

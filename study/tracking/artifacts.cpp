// Files are replaced as wholes while a run lives (data::publish), so what an upload reads is one state of
// them.
#include "study/tracking/artifacts.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/base/error.hpp"

namespace dsx::tracking {
namespace {

namespace fs = std::filesystem;

// A journal from elsewhere must not make us send files that are not the run's.
bool is_below(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(file, error), base = fs::weakly_canonical(folder, error);
  return !error && std::mismatch(base.begin(), base.end(), whole.begin(), whole.end()).first == base.end();
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// As paths below `folder`.
std::vector<std::string> files_below(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / name;
  if (!is_below(path, folder)) return {};
  if (is_file(path)) return {name};
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error) && !it->path().filename().string().starts_with("."))
      files.push_back(it->path().lexically_relative(folder).string());
  std::sort(files.begin(), files.end());
  return files;
}

std::string artifact_name(const std::string& file) { return "artifact " + file; }

}  // namespace

void ArtifactSender::send(const std::string& path) {
  const std::vector<std::string> files = files_below(connection_.folder, path);
  if (files.empty())
    return connection_.refuse(artifact_name(path), (connection_.folder / path).string() + ": is not there");
  connection_.file.cursor.refused.erase(artifact_name(path));
  for (const std::string& file : files)
    connection_.attempt(artifact_name(file), Json(), [&] {
      const auto sent = connection_.file.cursor.artifacts.find(file);
      if (sent == connection_.file.cursor.artifacts.end() ||
          sent->second.digest != data::digest_of_file(connection_.folder / file))
        upload(file);
    });
}

void ArtifactSender::upload(const std::string& file) {
  const data::FileDigest digest = connection_.client.upload(connection_.run, file, connection_.folder / file);
  connection_.file.cursor.artifacts[file] = {digest, false};
  listings_.erase(fs::path(file).parent_path().string());
  connection_.file.save();
}

std::vector<std::string> ArtifactSender::files_of(const std::set<std::string>& paths) const {
  std::set<std::string> files;
  for (const std::string& path : paths)
    for (const std::string& file : files_below(connection_.folder, path)) files.insert(file);
  for (const auto& [file, sent] : connection_.file.cursor.artifacts) files.insert(file);
  return {files.begin(), files.end()};
}

void ArtifactSender::compare(const std::string& file) {
  connection_.attempt(artifact_name(file), Json(), [&] { compare_now(file); });
}

std::optional<std::uint64_t> ArtifactSender::size_there(const std::string& file) {
  const std::string folder = fs::path(file).parent_path().string();
  auto listing = listings_.find(folder);
  if (listing == listings_.end())
    listing = listings_.emplace(folder, connection_.client.artifact_sizes(connection_.run, folder)).first;
  const auto there = listing->second.find(file);
  if (there == listing->second.end()) return std::nullopt;
  return there->second;
}

void ArtifactSender::compare_now(const std::string& file) {
  auto& artifacts = connection_.file.cursor.artifacts;
  const fs::path here = connection_.folder / file;
  const bool is_here = is_below(here, connection_.folder) && is_file(here);
  const auto refused = [&](const char* what) {
    return Refused(Refused::Kind::other, fmt::format("{}: {}: {}", connection_.client.url(), file, what));
  };
  bool fresh = false;  // sent just now
  const auto send = [&] {
    if (!is_here) throw refused("is neither there as it was sent, nor here any more");
    upload(file);
    fresh = true;
  };
  const auto known = artifacts.find(file);
  if (known == artifacts.end() || (is_here && known->second.digest != data::digest_of_file(here)) ||
      size_there(file) != known->second.digest.size)
    send();
  for (;;) {
    SentFile& sent = artifacts[file];
    if (read_back_ == ReadBack::never || (read_back_ == ReadBack::once && sent.read_back)) return;
    if (connection_.client.read_back(connection_.run, file) == sent.digest) {
      sent.read_back = true;
      return;
    }
    sent.read_back = false;
    if (fresh) throw refused("the server gives back other bytes than it was sent");
    send();
  }
}

}  // namespace dsx::tracking

// {"servers": {"http://...": {"run_id": ..., "seq": ..., "artifacts": {"best.h5": [bytes, sha256, read
// back]}}}}
#include "study/tracking/cursor.hpp"

#include <exception>

#include "data/io/files.hpp"
#include "kernels/base/json_text.hpp"

namespace dsx::tracking {
namespace {

constexpr const char* kName = "tracking.sent.json";

Json read(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return Json::object();
  const std::vector<std::uint8_t> bytes = data::read_file(path, std::size_t{1} << 26U);
  Json json = Json::parse(bytes, nullptr, false);
  return json.is_object() ? json : Json::object();
}

Cursor cursor_of(const Json& entry) {
  Cursor cursor;
  cursor.run_id = entry.at("run_id").get<std::string>();
  cursor.experiment_id = entry.at("experiment_id").get<std::string>();
  cursor.number = entry.at("seq").get<std::uint64_t>();
  cursor.refused = entry.at("refused").get<std::map<std::string, std::string>>();
  for (const auto& [name, item] : entry.at("aside").items())
    cursor.aside[name] = {item.at("why").get<std::string>(), item.at("body")};
  for (const auto& [path, item] : entry.at("artifacts").items())
    cursor.artifacts[path] = {{item.at(0).get<std::uint64_t>(), item.at(1).get<std::string>()},
                              item.at(2).get<bool>()};
  return cursor;
}

Json entry_of(const Cursor& cursor) {
  Json entry = {{"run_id", cursor.run_id}, {"experiment_id", cursor.experiment_id},
                {"seq", cursor.number},    {"refused", cursor.refused},
                {"aside", Json::object()}, {"artifacts", Json::object()}};
  for (const auto& [name, item] : cursor.aside)
    entry["aside"][name] = {{"why", item.why}, {"body", item.body}};
  for (const auto& [path, item] : cursor.artifacts)
    entry["artifacts"][path] = Json::array({item.digest.size, item.digest.sha256, item.read_back});
  return entry;
}

}  // namespace

CursorFile::CursorFile(const std::filesystem::path& folder, std::string server)
    : path_(folder / kName), server_(std::move(server)) {
  try {
    cursor = cursor_of(read(path_).at("servers").at(server_));
  } catch (const std::exception&) {
    cursor = {};  // none yet, damaged, or of an older version: the server is asked
  }
}

void CursorFile::save() noexcept {
  try {
    Json json = read(path_);
    if (!json.contains("servers") || !json["servers"].is_object()) json["servers"] = Json::object();
    json["servers"][server_] = entry_of(cursor);
    data::write_file_atomically(path_, json_text(json, 1) + "\n");
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace dsx::tracking

// {"servers": {"http://...": {"run_id": ..., "seq": ...}}}
#include "study/tracking/cursor.hpp"

#include <exception>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"

namespace dsx::tracking {
namespace {

using Json = nlohmann::json;
constexpr const char* kName = "tracking.sent.json";

Json read(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return Json::object();
  const std::vector<std::uint8_t> bytes = data::read_file(path, std::size_t{1} << 24U);
  Json json = Json::parse(bytes, nullptr, false);
  return json.is_object() ? json : Json::object();
}

}  // namespace

CursorFile::CursorFile(const std::filesystem::path& folder, std::string server)
    : path_(folder / kName), server_(std::move(server)) {
  try {
    const Json entry = read(path_).at("servers").at(server_);
    cursor.run_id = entry.at("run_id").get<std::string>();
    cursor.experiment_id = entry.at("experiment_id").get<std::string>();
    cursor.number = entry.at("seq").get<std::uint64_t>();
    cursor.left = entry.at("left").get<std::set<std::string>>();
    cursor.refused = entry.at("refused").get<std::uint64_t>();
    cursor.refusal = entry.at("refusal").get<std::string>();
  } catch (const std::exception&) {
    cursor = {};  // none yet, or damaged
  }
}

void CursorFile::save() noexcept {
  try {
    Json json = read(path_);
    if (!json.contains("servers") || !json["servers"].is_object()) json["servers"] = Json::object();
    json["servers"][server_] = {{"run_id", cursor.run_id},   {"experiment_id", cursor.experiment_id},
                                {"seq", cursor.number},      {"left", cursor.left},
                                {"refused", cursor.refused}, {"refusal", cursor.refusal}};
    data::write_file_atomically(path_, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace dsx::tracking

// Limits of MLflow that concern one value are met here or in batches.cpp; what is cut is cut the same way
// every time.
#include "study/tracking/records.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <random>

namespace dsx::tracking {
namespace {

constexpr std::size_t kMaxDigest = 36;

}  // namespace

std::string new_uid() {
  std::random_device random;
  std::string uid;
  for (int i = 0; i < 4; ++i) uid += fmt::format("{:08x}", random());
  return uid;
}

Json begin_record(const Identity& identity) {
  Json json = {
      {"type", "begin"}, {"uid", identity.uid}, {"name", identity.name}, {"time_ms", identity.start_ms}};
  if (!identity.parent.empty()) json["parent"] = identity.parent;
  return json;
}

Identity identity_of(const Json& begin) {
  return {begin.value("uid", ""), begin.value("name", ""), begin.value("parent", ""),
          begin.value("time_ms", std::int64_t{0})};
}

Json server_record(const std::string& url, const std::string& experiment) {
  return {{"type", "server"}, {"url", url}, {"experiment", experiment}};
}

Json params_record(const Texts& params) { return {{"type", "params"}, {"values", params}}; }
Json tags_record(const Texts& tags) { return {{"type", "tags"}, {"values", tags}}; }

Json metrics_record(const Numbers& values, std::int64_t step, std::int64_t time_ms) {
  Json json = {{"type", "metrics"}, {"step", step}, {"time_ms", time_ms}, {"values", Json::object()}};
  for (const auto& [key, value] : values) json["values"][key] = number_json(value);
  return json;
}

Json input_record(const std::string& name, const std::string& digest, const std::string& source,
                  const Json& profile) {
  const Json dataset = {
      {"name", name},
      {"digest", digest.substr(0, kMaxDigest)},
      {"source_type", "local"},
      {"source", Json({{"uri", source}}).dump(-1, ' ', false, Json::error_handler_t::replace)},
      {"profile", profile.dump(-1, ' ', false, Json::error_handler_t::replace)}};
  return {{"type", "input"}, {"dataset", dataset}};
}

Json artifact_record(const std::string& path) { return {{"type", "artifact"}, {"path", path}}; }

Json status_record(const std::string& status, std::int64_t time_ms) {
  return {{"type", "status"}, {"status", status}, {"time_ms", time_ms}};
}

Json number_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

double number_from(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace dsx::tracking

// Limits of MLflow that concern one value are met here or in batches.cpp; what is cut is cut the same way
// every time.
#include "study/tracking/records.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/base/json_text.hpp"

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
  if (!identity.run_id.empty()) json["run_id"] = identity.run_id;
  return json;
}

Identity identity_of(const Json& begin) {
  return {begin.value("uid", ""), begin.value("name", ""), begin.value("parent", ""),
          begin.value("time_ms", std::int64_t{0}), begin.value("run_id", "")};
}

Json server_record(const Target& target) {
  Json json = {{"type", "server"}, {"url", target.url}, {"experiment", target.experiment}};
  if (!target.experiment_id.empty()) json["experiment_id"] = target.experiment_id;
  if (!target.workspace.empty()) json["workspace"] = target.workspace;
  return json;
}

Target target_of(const Json& server) {
  return {server.value("url", ""), server.value("experiment", ""), server.value("experiment_id", ""),
          server.value("workspace", "")};
}

Json params_record(const Texts& params) { return {{"type", "params"}, {"values", params}}; }
Json tags_record(const Texts& tags) { return {{"type", "tags"}, {"values", tags}}; }

Json metrics_record(const Numbers& values, std::int64_t step, std::int64_t time_ms) {
  Json json = {{"type", "metrics"}, {"step", step}, {"time_ms", time_ms}, {"values", Json::object()}};
  for (const auto& [key, value] : values) json["values"][key] = number_json(value);
  return json;
}

Json final_metrics_record(const Numbers& values, std::int64_t step, std::int64_t time_ms) {
  Json json = metrics_record(values, step, time_ms);
  json["final"] = true;
  return json;
}

bool is_final_metrics(const Json& event) {
  return event.value("type", "") == "metrics" && event.value("final", Json(false)) == Json(true);
}

Json input_record(const std::string& name, const std::string& digest, const std::string& source,
                  const Json& profile) {
  const Json dataset = {{"name", name},
                        {"digest", digest.substr(0, kMaxDigest)},
                        {"source_type", "local"},
                        {"source", json_text(Json({{"uri", source}}))},
                        {"profile", json_text(profile)}};
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

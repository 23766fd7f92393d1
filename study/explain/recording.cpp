#include "study/explain/recording.hpp"

#include <nlohmann/json.hpp>

#include "bench/machine/memory_course.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"

namespace dsx::explain {
namespace {

nlohmann::json to_json(const RecordedArm& arm) {
  nlohmann::json counters = nlohmann::json::array();
  for (const auto& row : arm.counters.rows)
    counters.push_back({{"name", row.name}, {"value", row.value}, {"not_available", row.not_available}});
  return {{"name", arm.name},
          {"samples_ns", arm.samples_ns},
          {"left_out", arm.left_out},
          {"disturbed", arm.disturbed},
          {"counters", counters}};
}

RecordedArm arm_of(const nlohmann::json& json) {
  RecordedArm arm;
  arm.name = json.at("name");
  arm.samples_ns = json.at("samples_ns").get<std::vector<double>>();
  arm.left_out = json.at("left_out");
  arm.disturbed = json.at("disturbed");
  for (const auto& row : json.at("counters")) {
    bench::CounterRow counter;
    counter.name = row.at("name");
    counter.value = row.at("value");
    counter.not_available = row.at("not_available");
    arm.counters.rows.push_back(counter);
  }
  return arm;
}

}  // namespace

std::string recording_text(const Recording& recording) {
  nlohmann::json json{{"start_s", recording.start_s}, {"neighbours_share", recording.neighbours_share}};
  json["sets"] = json["memory"] = nlohmann::json::array();
  for (const auto& set : recording.sets) {
    nlohmann::json arms = nlohmann::json::array();
    for (const auto& arm : set) arms.push_back(to_json(arm));
    json["sets"].push_back(std::move(arms));
  }
  for (const auto& reading : recording.memory) json["memory"].push_back(bench::to_json(reading));
  return json_text(json);
}

Recording recording_of(const std::string& text) {
  Recording recording;
  try {
    const auto json = nlohmann::json::parse(text);
    recording.start_s = json.at("start_s");
    recording.neighbours_share = json.at("neighbours_share");
    for (const auto& arms : json.at("sets")) {
      recording.sets.emplace_back();
      for (const auto& arm : arms) recording.sets.back().push_back(arm_of(arm));
    }
    for (const auto& reading : json.at("memory"))
      recording.memory.push_back(bench::memory_reading_of(reading));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("a process told no samples: ") + error.what());
  }
  return recording;
}

}  // namespace dsx::explain

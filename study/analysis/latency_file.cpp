#include "study/analysis/latency_file.hpp"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/machine/memory_course.hpp"
#include "data/io/files.hpp"
#include "kernels/base/json_text.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* kLatencyFormat = "downscalexr-latency";
constexpr int kLatencyVersion = 2;

// What is timed: `measured` in the file.
Json network_of(const LatencyRequest& request) {
  Json json = {{"variants", request.variants}};
  for (const std::string& key : latency_keys())
    json[key] = settings::value_text(request.settings, *settings::find_field(key));
  return json;
}

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number_or_nan(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

Json json_of(const LatencySet& set) {
  return {{"variant", set.variant},
          {"load", set.load},
          {"batch", set.batch},
          {"disturbed", set.disturbed},
          {"neighbours", finite_or_null(set.neighbours)},
          {"reading", set.reading},
          {"zeros", set.zeros},
          {"ms", set.ms}};
}

LatencySet set_of(const Json& json) {
  LatencySet set;
  set.variant = json.at("variant");
  set.load = json.at("load");
  set.batch = json.at("batch");
  set.disturbed = json.at("disturbed");
  set.neighbours = number_or_nan(json.at("neighbours"));
  if (json.contains("reading")) set.reading = json["reading"];
  if (json.contains("zeros")) set.zeros = json["zeros"];  // neither in files of earlier versions
  set.ms = json.at("ms").get<std::vector<double>>();
  return set;
}

Json json_of(const GridTime& time) {
  return {{"variant", time.variant}, {"engine", time.engine}, {"size", time.size},
          {"batch", time.batch},     {"mflop", time.mflop},   {"ms", time.ms}};
}

GridTime grid_time_of(const Json& json) {
  GridTime time;
  time.variant = json.at("variant");
  time.engine = json.at("engine");
  time.size = json.at("size");
  time.batch = json.at("batch");
  time.mflop = json.at("mflop");
  // Earlier versions kept the median alone.
  time.ms = json.contains("ms") ? json["ms"].get<std::vector<double>>()
                                : std::vector<double>{json.at("median_ms").get<double>()};
  return time;
}

// Version 1: one process per way of waiting, in which plans were built anew for each repeat; the grid in a
// third.
void read_version_1(const Json& json, LatencyRun& run) {
  run.of_one_process = true;
  std::map<std::pair<std::string, int>, LatencyProcess> repeats;
  for (const Json& set : json.at("sets")) {
    const std::string wait = set.at("wait");
    const int repeat = set.at("repeat");
    LatencyProcess& process = repeats[{wait, repeat}];
    process.wait = wait;
    process.number = repeat;
    process.start_s = repeat;  // their order, the times are not known
    process.sets.push_back(set_of(set));
  }
  for (auto& [key, process] : repeats) run.processes.push_back(std::move(process));
  if (!json.contains("grid")) return;
  LatencyProcess grid;
  grid.wait = "active";
  grid.grid_neighbours = number_or_nan(json.at("grid_neighbours"));
  for (const Json& time : json.at("grid")) grid.grid.push_back(grid_time_of(time));
  run.processes.push_back(std::move(grid));
}

bool has_grid(const LatencyRun& run) {
  for (const LatencyProcess& process : run.processes)
    if (!process.grid.empty()) return true;
  return false;
}

}  // namespace

Json to_json(const LatencyProcess& process) {
  Json sets = Json::array(), grid = Json::array(), memory = Json::array();
  for (const LatencySet& set : process.sets) sets.push_back(json_of(set));
  for (const GridTime& time : process.grid) grid.push_back(json_of(time));
  for (const bench::MemoryReading& reading : process.memory) memory.push_back(Json(bench::to_json(reading)));
  return {{"wait", process.wait},
          {"number", process.number},
          {"start_s", process.start_s},
          {"sets", sets},
          {"grid", grid},
          {"grid_neighbours", finite_or_null(process.grid_neighbours)},
          {"memory", memory}};
}

LatencyProcess latency_process_of(const Json& json) {
  LatencyProcess process;
  process.wait = json.at("wait");
  process.number = json.at("number");
  process.start_s = json.at("start_s");
  for (const Json& set : json.at("sets")) process.sets.push_back(set_of(set));
  for (const Json& time : json.at("grid")) process.grid.push_back(grid_time_of(time));
  process.grid_neighbours = number_or_nan(json.at("grid_neighbours"));
  for (const Json& reading : json.at("memory"))
    process.memory.push_back(bench::memory_reading_of(nlohmann::json(reading)));
  return process;
}

bool read_latency_file(const fs::path& path, const LatencyRequest& request, LatencyRun& run) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  const Json json = Json::parse(data::read_file(path), nullptr, false);
  try {
    if (!json.is_object() || json.at("format") != kLatencyFormat || json.at("version") > kLatencyVersion ||
        json.at("measured") != network_of(request))
      return false;
    run.threads = json.at("threads");
    for (const auto& [name, value] : json.at("environment").items())
      run.environment.emplace_back(name, value);
    if (json.at("version") == 1) {
      read_version_1(json, run);
    } else {
      run.nominal_l3_bytes = json.at("nominal_l3_bytes");
      for (const Json& process : json.at("processes")) run.processes.push_back(latency_process_of(process));
    }
    if (!has_grid(run))
      run.grid_not_available =
          "latency.json is of an earlier version, or it failed then; --latency-again measures it";
    return true;
  } catch (const Json::exception&) {
    run = {};
    return false;
  }
}

void write_latency_file(const fs::path& path, const LatencyRequest& request, const LatencyRun& run) {
  Json environment = Json::object(), processes = Json::array();
  for (const auto& [name, value] : run.environment) environment[name] = value;
  for (const LatencyProcess& process : run.processes) processes.push_back(to_json(process));
  const Json json = {{"format", kLatencyFormat},        {"version", kLatencyVersion},
                     {"measured", network_of(request)}, {"threads", run.threads},
                     {"seconds", request.seconds},      {"nominal_l3_bytes", run.nominal_l3_bytes},
                     {"environment", environment},      {"processes", processes}};
  data::write_file_atomically(path, json_text(json) + "\n");
}

}  // namespace dsx::analysis

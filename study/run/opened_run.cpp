#include "study/run/opened_run.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "study/run/make_network.hpp"
#include "study/training/checkpoint.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;  // its order says which class is the negative one

constexpr std::size_t kMaxSummaryBytes = 64 << 20;

Json read_summary(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return nullptr;
  Json summary = Json::parse(data::read_file(file, kMaxSummaryBytes), nullptr, false);
  if (!summary.is_object())
    throw DataError(file.string() +
                    ": damaged, no JSON object: without it the run has no threshold and no names "
                    "of classes; use another copy, or remove it to do without them");
  return summary;
}

std::vector<std::string> class_names(const Json& summary) {
  std::vector<std::string> names;
  const Json::json_pointer train("/data/splits/train"), imported("/imported/class_names");
  if (summary.contains(imported) && summary.at(imported).is_array())
    for (const auto& name : summary.at(imported))
      if (name.is_string()) names.push_back(name);
  if (summary.contains(train) && summary.at(train).is_object())
    for (const auto& [name, count] : summary.at(train).items()) names.push_back(name);
  if (names.size() != 2) names.clear();
  return names;
}

std::optional<double> threshold_of(const Json& summary, int epoch) {
  const Json::json_pointer best("/best"), imported("/imported");
  const Json::json_pointer& place = summary.contains(imported) ? imported : best;
  if (!summary.contains(place) || !summary.at(place).is_object()) return std::nullopt;
  if (place == best && summary.at(best).value("epoch", -1) != epoch) return std::nullopt;
  const Json threshold = summary.at(place).value("logit_threshold", Json());
  return threshold.is_number() ? std::optional(threshold.get<double>()) : std::nullopt;
}

}  // namespace

settings::Settings settings_of_run(const fs::path& folder) {
  const fs::path config = folder / "config.yaml";
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw DataError(folder.string() + ": no such run folder; check the path");
  if (!fs::exists(config, ignored))
    throw DataError(folder.string() + ": holds no config.yaml, so it is not a run of this program");
  settings::Settings settings;
  settings::Sources sources;
  settings::apply_yaml(settings, sources, config.string());
  return settings;
}

OpenedRun open_run(const fs::path& folder, const std::string& checkpoint,
                   const settings::Settings& settings) {
  if (checkpoint != "best" && checkpoint != "last")
    throw ConfigError(fmt::format("--checkpoint: expected best or last, got '{}'", checkpoint));
  const fs::path file = folder / (checkpoint + ".h5");
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    throw DataError(fmt::format("{}: is missing; has the run finished its first epoch?", file.string()));
  OpenedRun run{
      fs::absolute(folder).lexically_normal(), "", checkpoint, settings, make_network(settings), 0, {}, {}};
  run.name = run.folder.filename().empty() ? run.folder.parent_path().filename() : run.folder.filename();
  run.epoch = training::load_weights(file, run.network);
  const Json summary = read_summary(folder / "summary.json");
  if (summary.is_object()) {
    run.class_names = class_names(summary);
    run.logit_threshold = threshold_of(summary, run.epoch);
  }
  return run;
}

}  // namespace dsx::run

// The kinds of records in a journal, made in one place so that writer and sender agree. All values are text
// or numbers of JSON; a number that is none ("NaN", "Infinity") is written as the word that MLflow takes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "study/tracking/journal.hpp"

namespace dsx::tracking {

using Texts = std::map<std::string, std::string>;
using Numbers = std::vector<std::pair<std::string, double>>;

// First of every journal: who the run is. `uid` finds it again on a server; `parent` is another run's uid or
// ""; `run_id` names a run that is there already (MLFLOW_RUN_ID), "" for one of our own.
struct Identity {
  std::string uid, name, parent;
  std::int64_t start_ms = 0;
  std::string run_id = {};
};
std::string new_uid();  // 128 random bits, hexadecimal
Json begin_record(const Identity& identity);
Identity identity_of(const Json& begin);

// Where it is to be sent; a later one wins. With both, name and id must agree on the server.
struct Target {
  std::string url, experiment, experiment_id, workspace;
  bool operator==(const Target&) const = default;
};
Json server_record(const Target& target);
Target target_of(const Json& server);
Json params_record(const Texts& params);
Json tags_record(const Texts& tags);
Json metrics_record(const Numbers& values, std::int64_t step, std::int64_t time_ms);
// They hold only if the run's next status is FINISHED: a run that is killed before, and resumed, measures
// anew.
Json final_metrics_record(const Numbers& values, std::int64_t step, std::int64_t time_ms);
bool is_final_metrics(const Json& event);
// `digest` is cut to the 36 characters that MLflow keeps.
Json input_record(const std::string& name, const std::string& digest, const std::string& source,
                  const Json& profile);
// A file or folder below the run's folder, sent as it is when its turn comes.
Json artifact_record(const std::string& path);
// RUNNING, FINISHED, FAILED or KILLED.
Json status_record(const std::string& status, std::int64_t time_ms);

// A double as MLflow's JSON has it, and back.
Json number_json(double value);
double number_from(const Json& json);

}  // namespace dsx::tracking

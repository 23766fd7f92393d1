// One function per call. What a server answers is untrusted: read with defaults, shortened and scrubbed
// before it is shown.
#include "study/tracking/mlflow.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/base/json_text.hpp"

namespace dsx::tracking {
namespace {

constexpr int kPage = 10000;

std::string body_of(const Json& json) { return json_text(json); }

// Numbers of 64 bits come as text.
std::int64_t integer_of(const Json& json) {
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_string()) return std::strtoll(json.get_ref<const std::string&>().c_str(), nullptr, 10);
  return 0;
}

std::string text_of(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return "";
  return json[key].get<std::string>();
}

Json child_of(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) ? json[key] : Json();
}

ServerRun run_of(const Json& json) {
  const Json run = child_of(json, "run"), info = child_of(run, "info");
  ServerRun result{text_of(info, "run_id"),
                   text_of(info, "experiment_id"),
                   text_of(info, "artifact_uri"),
                   text_of(info, "status"),
                   text_of(info, "lifecycle_stage") == "deleted",
                   {},
                   {},
                   {},
                   {}};
  for (const Json& input : child_of(child_of(run, "inputs"), "dataset_inputs")) {
    const Json dataset = child_of(input, "dataset");
    result.inputs.emplace(text_of(dataset, "name"), text_of(dataset, "digest"));
  }
  const Json data = child_of(run, "data");
  for (const Json& metric : child_of(data, "metrics"))
    result.metrics[text_of(metric, "key")] = integer_of(child_of(metric, "step"));
  for (const Json& param : child_of(data, "params")) result.params.insert(text_of(param, "key"));
  for (const Json& tag : child_of(data, "tags")) result.tags.insert(text_of(tag, "key"));
  return result;
}

}  // namespace

MlflowClient::MlflowClient(std::string url, Credentials credentials, ClientOptions options,
                           const std::atomic<bool>* stop)
    : url_(std::move(url)), http_(std::move(credentials), std::move(options), stop) {}

Json MlflowClient::get(const std::string& path) {
  return accepted(url_, path.substr(0, path.find('?')), http_.get(url_ + "/api/2.0/mlflow/" + path),
                  http_.credentials());
}

Json MlflowClient::post(const std::string& path, const Json& body) {
  return accepted(url_, path, http_.post(url_ + "/api/2.0/mlflow/" + path, body_of(body)),
                  http_.credentials());
}

ServerExperiment MlflowClient::experiment(const std::string& id) {
  const Json json = child_of(get("experiments/get?experiment_id=" + Http::escaped(id)), "experiment");
  return {text_of(json, "experiment_id"), text_of(json, "name"),
          text_of(json, "lifecycle_stage") == "deleted"};
}

std::string MlflowClient::experiment_id(const std::string& name) {
  const auto find = [&] {
    const Json json =
        child_of(get("experiments/get-by-name?experiment_name=" + Http::escaped(name)), "experiment");
    if (text_of(json, "lifecycle_stage") == "deleted")
      throw Refused(
          Refused::Kind::other,
          fmt::format(
              "{}: experiment '{}' was deleted there; restore it (mlflow experiments restore -x {}), or "
              "choose another --experiment",
              url_, name, text_of(json, "experiment_id")));
    return text_of(json, "experiment_id");
  };
  try {
    return find();
  } catch (const Refused& refused) {
    if (refused.kind != Refused::Kind::not_found) throw;
  }
  try {
    return text_of(post("experiments/create", {{"name", name}}), "experiment_id");
  } catch (const Refused& why) {
    try {
      return find();  // another run made it in between
    } catch (const Refused& refused) {
      if (refused.kind != Refused::Kind::not_found) throw;
      throw why;  // the one that says what is wrong
    }
  }
}

std::string MlflowClient::find_run(const std::string& experiment_id, const std::string& uid) {
  const Json answer = post("runs/search", {{"experiment_ids", {experiment_id}},
                                           {"filter", fmt::format("tags.`{}` = '{}'", kUidTag, uid)},
                                           {"run_view_type", "ACTIVE_ONLY"},
                                           {"max_results", 1}});
  const Json runs = child_of(answer, "runs");
  return runs.is_array() && !runs.empty() ? text_of(child_of(runs[0], "info"), "run_id") : "";
}

std::string MlflowClient::create_run(const std::string& experiment_id, const Identity& identity,
                                     const std::string& parent_run_id, const std::string& user) {
  Json tags = Json::array(
      {{{"key", kUidTag}, {"value", identity.uid}}, {{"key", "mlflow.runName"}, {"value", identity.name}}});
  if (!user.empty()) tags.push_back({{"key", "mlflow.user"}, {"value", user}});
  if (!parent_run_id.empty()) tags.push_back({{"key", "mlflow.parentRunId"}, {"value", parent_run_id}});
  const Json answer = post("runs/create", {{"experiment_id", experiment_id},
                                           {"user_id", user},
                                           {"run_name", identity.name},
                                           {"start_time", identity.start_ms},
                                           {"tags", tags}});
  const std::string id = run_of(answer).id;
  if (id.empty()) throw Refused(Refused::Kind::other, url_ + ": runs/create: its answer names no run");
  return id;
}

ServerRun MlflowClient::get_run(const std::string& run_id) {
  return run_of(get("runs/get?run_id=" + Http::escaped(run_id)));
}

void MlflowClient::log_batch(const std::string& run_id, const Batch& batch) {
  post("runs/log-batch", batch.body(run_id));
}

std::set<std::pair<std::int64_t, std::int64_t>> MlflowClient::metric_points(const std::string& run_id,
                                                                            const std::string& key) {
  std::set<std::pair<std::int64_t, std::int64_t>> points;
  const std::string query = fmt::format("metrics/get-history?run_id={}&metric_key={}&max_results={}",
                                        Http::escaped(run_id), Http::escaped(key), kPage);
  std::string token;
  do {
    const Json answer = get(query + (token.empty() ? "" : "&page_token=" + Http::escaped(token)));
    for (const Json& metric : child_of(answer, "metrics"))
      points.emplace(integer_of(child_of(metric, "step")), integer_of(child_of(metric, "timestamp")));
    token = text_of(answer, "next_page_token");
  } while (!token.empty());
  return points;
}

void MlflowClient::log_input(const std::string& run_id, const Json& dataset) {
  const Json tag = {{"key", "mlflow.data.context"}, {"value", "training"}};
  post("runs/log-inputs", {{"run_id", run_id}, {"datasets", {{{"tags", {tag}}, {"dataset", dataset}}}}});
}

void MlflowClient::set_status(const std::string& run_id, const std::string& status, std::int64_t end_ms) {
  Json body = {{"run_id", run_id}, {"status", status}};
  if (status != "RUNNING") body["end_time"] = end_ms;
  post("runs/update", body);
}

// mlflow-artifacts:/PATH, and with this server's own host in front. Another host would be given our
// credentials.
std::string MlflowClient::artifact_url(const ServerRun& run, const std::string& artifact) const {
  const std::string& uri = run.artifact_uri;
  const std::string scheme = "mlflow-artifacts:", proxy = url_ + "/api/2.0/mlflow-artifacts/artifacts";
  const auto refuse = [&] {
    const auto at = uri.rfind('@');
    const std::string place = uri.substr(0, uri.find(':') + 1) + (at == std::string::npos ? "" : "...");
    return Refused(
        Refused::Kind::artifact_store,
        fmt::format(
            "{}: artifacts of this run are kept in another store ({}), not behind the server's artifact "
            "proxy: they stay in the run's folder",
            url_, at == std::string::npos ? shown(uri.substr(0, uri.find_first_of("?#"))) : place));
  };
  const auto with_artifact = [&](std::string url) {
    for (const auto& part : std::filesystem::path(artifact)) url += "/" + Http::escaped(part.string());
    return url;
  };
  if (uri.starts_with(proxy + "/")) return with_artifact(uri);
  if (!uri.starts_with(scheme)) throw refuse();
  std::string path = uri.substr(scheme.size());
  if (path.starts_with("//")) {
    const auto slash = path.find('/', 2);
    const std::string host = path.substr(2, slash == std::string::npos ? slash : slash - 2);
    const std::string own = url_.substr(url_.find("://") + 3);
    if (!host.empty() && host != own.substr(0, own.find('/'))) throw refuse();
    path = slash == std::string::npos ? "" : path.substr(slash);
  }
  if (path.find("..") != std::string::npos || path.find_first_of("?#") != std::string::npos) throw refuse();
  while (path.starts_with('/')) path.erase(0, 1);
  return with_artifact(proxy + "/" + path);
}

data::FileDigest MlflowClient::upload(const ServerRun& run, const std::string& path,
                                      const std::filesystem::path& file) {
  data::FileDigest sent;
  const std::string url = artifact_url(run, path);
  accepted(url_, "artifact " + path, http_.put_file(url, file, sent), http_.credentials());
  return sent;
}

data::FileDigest MlflowClient::read_back(const ServerRun& run, const std::string& path) {
  data::FileDigest got;
  const std::string url = artifact_url(run, path);
  accepted(url_, "artifact " + path, http_.get_digest(url, got), http_.credentials());
  return got;
}

std::map<std::string, std::uint64_t> MlflowClient::artifact_sizes(const ServerRun& run,
                                                                  const std::string& folder) {
  std::map<std::string, std::uint64_t> sizes;
  const std::string query =
      fmt::format("artifacts/list?run_id={}&path={}", Http::escaped(run.id), Http::escaped(folder));
  std::string token;
  do {
    const Json answer = get(query + (token.empty() ? "" : "&page_token=" + Http::escaped(token)));
    for (const Json& file : child_of(answer, "files"))
      if (child_of(file, "is_dir") != Json(true))
        sizes[text_of(file, "path")] = static_cast<std::uint64_t>(integer_of(child_of(file, "file_size")));
    token = text_of(answer, "next_page_token");
  } while (!token.empty());
  return sizes;
}

}  // namespace dsx::tracking

// MLflow's REST API (api/2.0), as much of it as a run needs; DagsHub speaks the same. Every call either
// succeeds, or throws what the caller has to tell apart: worth another try, or refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "study/tracking/answer.hpp"
#include "study/tracking/batches.hpp"

namespace dsx::tracking {

struct ServerRun {
  std::string id, experiment_id, artifact_uri, status;
  bool deleted = false;
  std::set<std::pair<std::string, std::string>> inputs;  // name and digest of its data sets
  std::map<std::string, std::int64_t> metrics;           // the last step of each
  std::set<std::string> params, tags;
};

struct ServerExperiment {
  std::string id, name;
  bool deleted = false;
};

constexpr const char* kUidTag = "downscalexr.uid";

class MlflowClient {
 public:
  // `url` as parse_address() gives it.
  MlflowClient(std::string url, Credentials credentials, ClientOptions options,
               const std::atomic<bool>* stop);

  const std::string& url() const { return url_; }
  const Credentials& credentials() const { return http_.credentials(); }

  // Made when there is none of that name. Throws Refused when it is deleted.
  std::string experiment_id(const std::string& name);
  ServerExperiment experiment(const std::string& id);
  // By its tag; "" when there is none.
  std::string find_run(const std::string& experiment_id, const std::string& uid);
  std::string create_run(const std::string& experiment_id, const Identity& identity,
                         const std::string& parent_run_id, const std::string& user);
  ServerRun get_run(const std::string& run_id);
  void log_batch(const std::string& run_id, const Batch& batch);
  // Points of a metric that the server has: step and timestamp.
  std::set<std::pair<std::int64_t, std::int64_t>> metric_points(const std::string& run_id,
                                                                const std::string& key);
  void log_input(const std::string& run_id, const Json& dataset);
  void set_status(const std::string& run_id, const std::string& status, std::int64_t end_ms);
  // Artifacts go through the server's artifact proxy: throw Refused::artifact_store when the run's store is
  // another one. upload() gives what was sent, and throws DataError when the file cannot be read.
  data::FileDigest upload(const ServerRun& run, const std::string& path, const std::filesystem::path& file);
  data::FileDigest read_back(const ServerRun& run, const std::string& path);
  // Files of one folder ("" for the top) that the server has, and their bytes.
  std::map<std::string, std::uint64_t> artifact_sizes(const ServerRun& run, const std::string& folder);

 private:
  Json get(const std::string& path);
  Json post(const std::string& path, const Json& body);
  std::string artifact_url(const ServerRun& run, const std::string& path) const;

  std::string url_;
  Http http_;
};

}  // namespace dsx::tracking

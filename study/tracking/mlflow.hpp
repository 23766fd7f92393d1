// MLflow's REST API (api/2.0), as much of it as a run needs; DagsHub speaks the same. Every call either
// succeeds, or throws what the caller has to tell apart: worth another try, or refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "study/tracking/batches.hpp"
#include "study/tracking/http.hpp"

namespace dsx::tracking {

// No connection, no answer in time, 408, 429 or 5xx. Messages of both errors are free of secrets.
struct TryAgain : std::runtime_error {
  TryAgain(const std::string& message, double after_s, bool arrived)
      : std::runtime_error(message), retry_after_s(after_s), may_have_arrived(arrived) {}
  double retry_after_s;
  bool may_have_arrived;
};

// Everything else that is no success.
struct Refused : std::runtime_error {
  enum class Kind { credentials, not_found, too_large, value, artifact_store, other };
  Refused(Kind what, const std::string& message) : std::runtime_error(message), kind(what) {}
  Kind kind;
};

struct ServerRun {
  std::string id, experiment_id, artifact_uri, status;
  bool deleted = false;
  std::set<std::pair<std::string, std::string>> inputs;  // name and digest of its data sets
};

constexpr const char* kUidTag = "downscalexr.uid";

class MlflowClient {
 public:
  // `url` as parse_address() gives it.
  MlflowClient(std::string url, Credentials credentials, const std::atomic<bool>* stop);

  const std::string& url() const { return url_; }

  // Made when there is none of that name.
  std::string experiment_id(const std::string& name);
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
  // Through the server's artifact proxy. Throws Refused::artifact_store when the run's store is another one,
  // DataError when the file cannot be read.
  void upload(const ServerRun& run, const std::string& path, const std::filesystem::path& file);

 private:
  Json call(const std::string& what, const HttpAnswer& answer) const;
  Json get(const std::string& path);
  Json post(const std::string& path, const Json& body);
  std::string artifact_url(const ServerRun& run) const;

  std::string url_;
  Http http_;
};

}  // namespace dsx::tracking

// The environment variables of MLflow's own client beside address and credentials (address.hpp): which of
// them work here as there, and which do not, so that nobody waits for what never happens.
#pragma once

#include <string>

namespace dsx::tracking {

// "" when it is not set.
std::string environment_text(const char* name);
// As MLflow reads it: true, 1, false or 0. Throws ConfigError for another word.
bool environment_flag(const char* name, bool otherwise);

// MLFLOW_HTTP_REQUEST_TIMEOUT, _MAX_RETRIES, MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER, MLFLOW_WORKSPACE.
struct ClientOptions {
  long answer_s = 120;    // MLflow's default
  int most_failures = 4;  // attempts in a row before `study sync` gives up: some seven seconds
  bool respect_retry_after = true;
  std::string workspace;  // the server's, "" for none
};
// Throws ConfigError for a number that is none.
ClientOptions client_options();

// "MLFLOW_TRACKING_AUTH, ...: variables that are ignored", "" when none of those is set.
std::string ignored_variables_text();

}  // namespace dsx::tracking

// Names and meanings: mlflow/environment_variables.py of MLflow 3.
#include "study/tracking/client_environment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"

namespace dsx::tracking {
namespace {

// What a client that logs runs would do for its user, and this one does not.
constexpr const char* kIgnored[] = {
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_AWS_SIGV4",
    "MLFLOW_RUN_CONTEXT",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING",
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT",
    "MLFLOW_TRUNCATE_LONG_VALUES",
    "MLFLOW_TRACKING_DIR",
};

int environment_number(const char* name, int least, int otherwise) {
  const std::string text = environment_text(name);
  if (text.empty()) return otherwise;
  const auto value = number_from_text<int>(text);
  if (!value || *value < least)
    throw ConfigError(fmt::format("{}: expected an integer of at least {}", name, least));
  return *value;
}

}  // namespace

std::string environment_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool environment_flag(const char* name, bool otherwise) {
  std::string text = environment_text(name);
  if (text.empty()) return otherwise;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw ConfigError(fmt::format("{}: expected true, 1, false or 0", name));
}

ClientOptions client_options() {
  ClientOptions options;
  options.answer_s = environment_number("MLFLOW_HTTP_REQUEST_TIMEOUT", 1, static_cast<int>(options.answer_s));
  options.most_failures =
      1 + environment_number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 0, options.most_failures - 1);
  options.respect_retry_after = environment_flag("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", true);
  options.workspace = environment_text("MLFLOW_WORKSPACE");
  return options;
}

std::string ignored_variables_text() {
  std::string names;
  for (const char* name : kIgnored)
    if (!environment_text(name).empty()) names += (names.empty() ? "" : ", ") + std::string(name);
  return names.empty() ? "" : names + ": ignored, MLflow's own client alone knows what to do with it";
}

}  // namespace dsx::tracking

// Names and meanings: mlflow/environment_variables.py of MLflow 3.
#include "study/tracking/client_environment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string_view>

#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::tracking {
namespace {

// All others that begin so are MLflow's, in this version of it or a later one.
constexpr std::string_view kFollowed[] = {
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
    "MLFLOW_WORKSPACE",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER",
};
// Nothing that a run would notice: the server's own, and what its users' programs say of themselves.
constexpr std::string_view kNotOurs[] = {"MLFLOW_SERVER_", "MLFLOW_AUTH_", "MLFLOW_GATEWAY_",
                                         "MLFLOW_DISABLE_TELEMETRY", "MLFLOW_LOGGING_LEVEL"};

bool is_ignored(std::string_view name) {
  return name.starts_with("MLFLOW_") &&
         std::find(std::begin(kFollowed), std::end(kFollowed), name) == std::end(kFollowed) &&
         std::none_of(std::begin(kNotOurs), std::end(kNotOurs),
                      [&](std::string_view start) { return name.starts_with(start); });
}

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
  std::set<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals < text.size() - 1 && is_ignored(text.substr(0, equals))) names.emplace(text.substr(0, equals));
  }
  return names.empty() ? ""
                       : fmt::format("{}: ignored, MLflow's own client alone knows what to do with it",
                                     one_line(fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace dsx::tracking

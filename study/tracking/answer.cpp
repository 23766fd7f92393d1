// MLflow answers in JSON; what stands in front of it, its own check of the Host header included, in text or
// HTML.
#include "study/tracking/answer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "study/tracking/batches.hpp"

namespace dsx::tracking {
namespace {

constexpr std::size_t kMostWords = 300;  // bytes

bool is_retried(long status) { return status == 0 || status == 408 || status == 429 || status >= 500; }

std::string text_member(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

// What a page says: no marks, styles and scripts.
std::string without_html(const std::string& page) {
  std::string lower = page, text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (std::size_t at = 0; at < page.size();) {
    if (page[at] != '<') {
      text += page[at++];
      continue;
    }
    const char* end = lower.compare(at, 6, "<style") == 0    ? "</style"
                      : lower.compare(at, 7, "<script") == 0 ? "</script"
                                                             : ">";
    at = lower.find(end, at);
    if (at != std::string::npos) at = lower.find('>', at);
    if (at == std::string::npos) break;
    ++at;
    text += ' ';
  }
  return text;
}

std::string words_of(const HttpAnswer& answer, const Json& json) {
  for (const char* key : {"message", "detail", "error"})
    if (std::string words = text_member(json, key); !words.empty()) return words;
  if (json.is_object() || json.is_array()) return "";
  const auto first = answer.body.find_first_not_of(" \t\r\n");
  const bool is_page = first != std::string::npos && answer.body[first] == '<';
  return is_page ? without_html(answer.body) : answer.body;
}

Refused::Kind kind_of(long status, const std::string& code) {
  if (status == 401 || status == 403) return Refused::Kind::credentials;
  if (code == "RESOURCE_DOES_NOT_EXIST" || (status == 404 && !code.empty())) return Refused::Kind::not_found;
  if (status == 413) return Refused::Kind::too_large;
  if (status == 400) return Refused::Kind::value;
  return Refused::Kind::other;
}

bool refuses_the_host(const std::string& words) {
  return words.find("Invalid Host header") != std::string::npos;
}

std::string hint_of(const std::string& url, const std::string& what, const HttpAnswer& answer,
                    const std::string& code, const std::string& words) {
  const long status = answer.status;
  if (refuses_the_host(words)) {
    const std::string host = url.substr(url.find("://") + 3);
    return fmt::format("; that server must be started with: mlflow server --allowed-hosts '{}'",
                       host.substr(0, host.find('/')));
  }
  if (status == 401 || status == 403)
    return "; check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
  if (status >= 300 && status < 400)
    return answer.location.empty() ? "; the server has moved: give its new address"
                                   : "; the server has moved to " + shown(answer.location);
  if ((status == 404 || status == 405) && code.empty()) return "; is this the address of an MLflow server?";
  if (status == 400 && what == "experiments/create") return "; choose another --experiment";
  if (status >= 500 && what.starts_with("artifact ") &&
      words.find("--no-serve-artifacts") == std::string::npos)
    return "; can the server write to its --artifacts-destination?";
  return "";
}

}  // namespace

std::string shown(std::string text) {
  std::string line;
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) c = ' ';
    if (c != ' ' || (!line.empty() && line.back() != ' ')) line += c;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line.size() > kMostWords ? shortened(line, kMostWords) + "..." : line;
}

Json accepted(const std::string& url, const std::string& what, const HttpAnswer& answer,
              const Credentials& credentials) {
  Json json = answer.body.empty() ? Json::object() : Json::parse(answer.body, nullptr, false);
  const bool success = answer.status >= 200 && answer.status < 300;
  if (success && json.is_object()) return json;
  if (answer.status == 0)
    throw TryAgain(fmt::format("{}: {}", url, shown(credentials.scrub(answer.error))), 0,
                   answer.may_have_arrived, answer.stopped);
  const std::string code = text_member(json, "error_code");
  if (success)
    throw Refused(Refused::Kind::other,
                  fmt::format("{}: {}: {} no JSON in its answer; is this the address of an MLflow server?",
                              url, what, answer.status));
  const std::string words = shown(credentials.scrub(words_of(answer, json)));
  const std::string message =
      fmt::format("{}: {}: {}{}{}{}", url, what, answer.status, words.empty() ? "" : " ", words,
                  hint_of(url, what, answer, code, words));
  if (is_retried(answer.status)) throw TryAgain(message, answer.retry_after_s, true, answer.status == 429);
  throw Refused(refuses_the_host(words) ? Refused::Kind::other : kind_of(answer.status, code), message);
}

}  // namespace dsx::tracking

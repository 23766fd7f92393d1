// The rules are MLflow's (mlflow/utils/credentials.py, rest_utils.py): the environment wins over the file,
// user and password over a token.
#include "study/tracking/address.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

#include "kernels/base/error.hpp"
#include "study/tracking/client_environment.hpp"

namespace dsx::tracking {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string percent_decoded(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    plain += escape ? static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)) : text[i];
    if (escape) i += 2;
  }
  return plain;
}

bool is_host_character(unsigned char c) {
  return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
}

// HOST, HOST:PORT or [IPv6]:PORT.
bool is_host(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_host_character)) return false;
  const auto bracket = text.find(']');
  const auto colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon == 0) return false;
  if (colon == std::string::npos) return true;
  const std::string port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

void read_file(const std::filesystem::path& path, Credentials& credentials) {
  std::ifstream file(path);
  std::string section;
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    const auto separator = line.find_first_of("=:");
    if (section != "mlflow" || separator == std::string::npos) continue;
    const std::string key = lower(trimmed(line.substr(0, separator))),
                      value = trimmed(line.substr(separator + 1));
    if (key == "mlflow_tracking_username" && credentials.user.empty()) credentials.user = value;
    if (key == "mlflow_tracking_password" && credentials.password.empty()) credentials.password = value;
  }
}

void replace_all(std::string& text, const std::string& what) {
  const std::string stars(3, '*');
  if (what.size() < stars.size()) return;  // shorter ones would eat words; they protect nothing
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += stars.size()) {
    text.erase(at, what.size());
    text.insert(at, stars);
  }
}

}  // namespace

Address parse_address(const std::string& text, const std::string& where) {
  const auto wrong = [&](const char* why) {
    return ConfigError(
        fmt::format("{}: expected a server's address, http(s)://HOST[:PORT][/PATH]: {}", where, why));
  };
  const auto scheme_end = text.find("://");
  const std::string scheme = scheme_end == std::string::npos ? "" : lower(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https")
    throw wrong(
        "it begins with neither http:// nor https:// (other stores of MLflow need its own server in front)");
  std::string rest = text.substr(scheme_end + 3);
  if (std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return c <= ' ' || c == 127; }))
    throw wrong("it holds a space or a control character");
  Address address;
  const auto slash = rest.find('/');
  const auto at = rest.rfind('@', slash);
  if (at != std::string::npos) {
    const std::string user_info = rest.substr(0, at);
    const auto colon = user_info.find(':');
    address.user = percent_decoded(user_info.substr(0, colon));
    if (colon != std::string::npos) address.password = percent_decoded(user_info.substr(colon + 1));
    rest.erase(0, at + 1);
  }
  if (rest.find_first_of("?#@") != std::string::npos)
    throw wrong("it holds one of ? # @ behind the host; write such characters of a password as %3F %23 %40");
  if (!is_host(rest.substr(0, rest.find('/'))))
    throw wrong("its host or port makes no sense; is a / of a password not written %2F?");
  while (rest.ends_with('/')) rest.pop_back();
  address.url = scheme + "://" + rest;
  return address;
}

std::filesystem::path credentials_file() {
  return std::filesystem::path(environment_text("HOME")) / ".mlflow" / "credentials";
}

Credentials read_credentials(const std::filesystem::path& file) {
  Credentials credentials;
  credentials.user = environment_text("MLFLOW_TRACKING_USERNAME");
  credentials.password = environment_text("MLFLOW_TRACKING_PASSWORD");
  credentials.token = environment_text("MLFLOW_TRACKING_TOKEN");
  credentials.insecure_tls = environment_flag("MLFLOW_TRACKING_INSECURE_TLS", false);
  credentials.server_cert = environment_text("MLFLOW_TRACKING_SERVER_CERT_PATH");
  credentials.client_cert = environment_text("MLFLOW_TRACKING_CLIENT_CERT_PATH");
  if (credentials.insecure_tls && !credentials.server_cert.empty())
    throw ConfigError(
        "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH contradict each other: unset one");
  // As Python's requests has it, by which MLflow's client speaks.
  for (const char* name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
    if (credentials.server_cert.empty() && !credentials.insecure_tls)
      credentials.server_cert = environment_text(name);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(file, ignored)) read_file(file, credentials);
  return credentials;
}

void put_in_environment(const Address& address) {
  if (address.user.empty()) return;
  ::setenv("MLFLOW_TRACKING_USERNAME", address.user.c_str(), 1);
  ::setenv("MLFLOW_TRACKING_PASSWORD", address.password.c_str(), 1);
}

std::string Credentials::scrub(std::string text) const {
  replace_all(text, password);
  replace_all(text, token);
  if (password.empty()) replace_all(text, user);  // a token in the user's place
  return text;
}

}  // namespace dsx::tracking

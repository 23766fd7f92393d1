// Where a run is tracked, and with which secrets: the server's address without them, and the credentials from
// where MLflow's own client takes them. Nothing that is stored or printed is ever made from `Credentials`.
#pragma once

#include <filesystem>
#include <string>

namespace dsx::tracking {

// A server's address in two parts; `url` has no user, no password, no final '/'.
struct Address {
  std::string url;
  std::string user, password;
};
// Throws ConfigError, which never repeats what may be a secret, for anything but
// http(s)://HOST[:PORT][/PATH].
Address parse_address(const std::string& text, const std::string& where);

// Sets MLFLOW_TRACKING_USERNAME and _PASSWORD of this process, where `address` has a user.
void put_in_environment(const Address& address);

struct Credentials {
  std::string user, password;  // basic authentication, when both are there
  std::string token;           // else a bearer token
  bool insecure_tls = false;
  std::string server_cert, client_cert;  // PEM files; server_cert may be a folder of them

  // `text` with every secret of ours replaced: what a server answers may repeat what it was sent.
  std::string scrub(std::string text) const;
};
// MLFLOW_TRACKING_USERNAME, _PASSWORD, _TOKEN, _INSECURE_TLS, _SERVER_CERT_PATH (else REQUESTS_CA_BUNDLE,
// else CURL_CA_BUNDLE) and _CLIENT_CERT_PATH; user and password else from the section [mlflow] of `file`.
// Throws ConfigError for TLS options that contradict.
Credentials read_credentials(const std::filesystem::path& file);
// ~/.mlflow/credentials
std::filesystem::path credentials_file();

}  // namespace dsx::tracking

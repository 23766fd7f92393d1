// One connection to a server over libcurl: a request in, a status and a body out, or why there was no answer.
// Secrets go into curl's options only, never into an address or a message.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "data/io/sha256.hpp"
#include "study/tracking/address.hpp"
#include "study/tracking/client_environment.hpp"

namespace dsx::tracking {

struct HttpAnswer {
  long status = 0;  // 0: no answer, `error` says why
  std::string body, error;
  std::string location;  // where a redirect points, without user, query and fragment
  double retry_after_s = 0;
  bool stopped = false;          // by us: says nothing of the server
  bool may_have_arrived = true;  // false: no connection was made, so the server has not seen the request
};

class Http {
 public:
  // `stop` ends a request that is under way; may be null.
  Http(Credentials credentials, ClientOptions options, const std::atomic<bool>* stop);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  HttpAnswer get(const std::string& url);
  HttpAnswer post(const std::string& url, const std::string& json);
  // The file's bytes as they are now; `sent` becomes theirs. Throws DataError when it cannot be read.
  HttpAnswer put_file(const std::string& url, const std::filesystem::path& file, data::FileDigest& sent);
  // Reads without keeping: `got` becomes the digest of what a success answers.
  HttpAnswer get_digest(const std::string& url, data::FileDigest& got);

  const Credentials& credentials() const { return credentials_; }
  // Text for use between two '/' or behind a '='.
  static std::string escaped(const std::string& text);

 private:
  struct Handle;
  void set_credentials();
  void set_proxy(const std::string& url);
  void set_limits(bool is_long);
  HttpAnswer perform(const std::string& url, const char* content_type, bool is_long, data::Sha256* hash);
  std::unique_ptr<Handle> handle_;
  Credentials credentials_;
  ClientOptions options_;
  const std::atomic<bool>* stop_;
};

}  // namespace dsx::tracking

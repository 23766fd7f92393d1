// What a server's answer means: a success's JSON, or one of two errors that say in the server's own words
// what is wrong, with a hint that fits them. What a server answers is untrusted: scrubbed, shortened, one
// line.
#pragma once

#include <stdexcept>
#include <string>

#include "study/tracking/http.hpp"
#include "study/tracking/journal.hpp"

namespace dsx::tracking {

// No connection, no answer in time, 408, 429 or 5xx. Messages of both errors are free of secrets.
struct TryAgain : std::runtime_error {
  TryAgain(const std::string& message, double after_s, bool arrived, bool is_busy = false)
      : std::runtime_error(message), retry_after_s(after_s), may_have_arrived(arrived), busy(is_busy) {}
  double retry_after_s;
  bool may_have_arrived;
  bool busy;  // the server asks for patience (429), or we stopped: nothing is wrong with the request
};

// Everything else that is no success.
struct Refused : std::runtime_error {
  enum class Kind { credentials, not_found, too_large, value, artifact_store, other };
  Refused(Kind what, const std::string& message) : std::runtime_error(message), kind(what) {}
  Kind kind;
};

// The JSON of a success. `url`: the server's; `what` was asked for. Throws TryAgain, Refused.
Json accepted(const std::string& url, const std::string& what, const HttpAnswer& answer,
              const Credentials& credentials);

// One printable line, of bounded length.
std::string shown(std::string text);

}  // namespace dsx::tracking

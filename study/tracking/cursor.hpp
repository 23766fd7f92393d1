// How far a journal has been sent, one entry per server, in a small file beside it. Written after each
// answer, so that a killed sender repeats at most one request; without it nothing is lost, since the server
// itself is asked then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "data/io/sha256.hpp"
#include "study/tracking/journal.hpp"

namespace dsx::tracking {

// What could not be sent, though the server does answer: tried again when all else is there.
struct Aside {
  std::string why;
  Json body;  // what to send; null for an artifact, which is the file as it then is
};

struct SentFile {
  data::FileDigest digest;  // of the bytes that were sent
  bool read_back = false;   // the server gave the same bytes back
};

struct Cursor {
  std::string run_id;  // on that server; "" before it is known
  std::string experiment_id;
  std::uint64_t number = 0;  // of the last record that has arrived
  // By names for the user: "artifact best.h5", "param lr", "metric val_auc of step 3".
  std::map<std::string, Aside> aside;
  std::map<std::string, std::string> refused;  // what the server will never take, and why
  std::map<std::string, SentFile> artifacts;   // by path below the run's folder
};

class CursorFile {
 public:
  // For `server`, whose address holds no secret. A file that cannot be read counts as none.
  CursorFile(const std::filesystem::path& folder, std::string server);

  Cursor cursor;
  // Best effort: on a full disk the server is asked again next time.
  void save() noexcept;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string server_;
};

}  // namespace dsx::tracking

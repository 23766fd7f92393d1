// How far a journal has been sent, one entry per server, in a small file beside it. Written after each
// answer, so that a killed sender repeats at most one request; without it nothing is lost, since the server
// itself is asked then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

namespace dsx::tracking {

struct Cursor {
  std::string run_id;  // on that server; "" before it is known
  std::string experiment_id;
  std::uint64_t number = 0;    // of the last record that has arrived
  std::set<std::string> left;  // artifacts that could not be sent yet
  std::uint64_t refused = 0;   // entries that the server will not take, and why the first of them
  std::string refusal;
};

class CursorFile {
 public:
  // For `server`, whose address holds no secret. A file that cannot be read counts as none.
  CursorFile(const std::filesystem::path& folder, std::string server);

  Cursor cursor;
  // Best effort: on a full disk the server is asked again next time.
  void save() noexcept;

 private:
  std::filesystem::path path_;
  std::string server_;
};

}  // namespace dsx::tracking

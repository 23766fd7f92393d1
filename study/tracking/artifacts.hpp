// A run's files on their way: sent again when they changed since, and compared in the end with what the
// server holds. Only files below the run's folder go anywhere.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "study/tracking/connection.hpp"

namespace dsx::tracking {

// How the end compares: sizes as the server lists them and digests of what was sent; the server's own bytes,
// once for each file that was sent; the same of every file, every time.
enum class ReadBack { never, once, always };

class ArtifactSender {
 public:
  ArtifactSender(Connection& connection, ReadBack read_back)
      : connection_(connection), read_back_(read_back) {}

  // `path` of a record, a file or folder below the run's: what of it has not been sent as it is now.
  void send(const std::string& path);

  // Paths of the files that the records name, as far as they are there, and those that were sent once.
  std::vector<std::string> files_of(const std::set<std::string>& paths) const;
  // One of them: whether the server holds it as it is here; sent again if not.
  void compare(const std::string& file);
  void forget_listings() { listings_.clear(); }

 private:
  void upload(const std::string& file);
  void compare_now(const std::string& file);
  std::optional<std::uint64_t> size_there(const std::string& file);

  Connection& connection_;
  ReadBack read_back_;
  std::map<std::string, std::map<std::string, std::uint64_t>> listings_;  // by folder
};

}  // namespace dsx::tracking

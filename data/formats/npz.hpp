// A NumPy .npz archive: a zip file (stored or deflated) of .npy arrays, each read as a stream, so that memory
// does not depend on what an archive claims. Reading zip is libzip's; nothing is ever unpacked to disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/io/byte_source.hpp"

struct zip;

namespace dsx::data {

class Npz {
 public:
  // Throws DataError: no zip archive, damaged, names that occur twice, absurdly many members.
  explicit Npz(const std::filesystem::path& path);
  Npz(std::string name, std::span<const std::uint8_t> bytes);  // which must outlive it

  bool has(const std::string& array) const { return members_.contains(array); }
  std::vector<std::string> names() const;
  // A stream over "<array>.npy". Throws DataError: missing, encrypted, another compression, or a claim of
  // more bytes than its compressed ones can hold. One thread at a time may use an archive and its streams.
  std::unique_ptr<ByteSource> open(const std::string& array) const;

 private:
  void list_members();
  [[noreturn]] void fail(const std::string& what) const;

  std::string name_;
  std::shared_ptr<zip> archive_;
  std::map<std::string, std::uint64_t> members_;  // array to its index in the archive
};

// What a zip archive holds that is no .npz, and what to do with it; "" when nothing of it is known.
std::string zip_contents(const std::filesystem::path& path);

}  // namespace dsx::data

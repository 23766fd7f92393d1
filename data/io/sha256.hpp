// SHA-256 of what is never in memory as a whole: checkpoints on their way to a server and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace dsx::data {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void restart();
  void update(std::span<const char> bytes);
  std::uint64_t size() const { return size_; }  // bytes so far
  std::string hex();                            // of all bytes so far; ends it until restart()

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::uint64_t size_ = 0;
};

struct FileDigest {
  std::uint64_t size = 0;  // bytes
  std::string sha256;      // in hex
  bool operator==(const FileDigest&) const = default;
};
// Throws DataError when the file cannot be read.
FileDigest digest_of_file(const std::filesystem::path& path);

}  // namespace dsx::data

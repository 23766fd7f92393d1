// Bytes that are read once, from the front to the back, from a file, from memory or from inside an archive.
// The size is known before anything is read, so that a header's claims are checked before memory is asked
// for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace dsx::data {

class ByteSource {
 public:
  ByteSource(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  const std::string& name() const { return name_; }         // "set.npz: train_images.npy", for messages
  std::uint64_t size() const { return size_; }              // of all of it
  std::uint64_t left() const { return size_ - position_; }  // not read yet
  void read(std::span<std::uint8_t> out);                   // all of `out`; throws DataError "truncated"
  void finish();                                            // throws DataError unless this is the sound end
  [[noreturn]] void fail(const std::string& what) const;    // DataError "<name>: <what>"

 protected:
  virtual std::size_t read_some(std::span<std::uint8_t> out) = 0;  // 0: no more; throws DataError

 private:
  std::string name_;
  std::uint64_t size_, position_ = 0;
};

// Throws DataError: missing, not a regular file, no permission.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);
// `bytes` must outlive it.
std::unique_ptr<ByteSource> open_bytes(std::string name, std::span<const std::uint8_t> bytes);

}  // namespace dsx::data

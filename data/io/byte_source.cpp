// Files are read by the system's calls, unbuffered: callers read whole images.
#include "data/io/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

class FileBytes : public ByteSource {
 public:
  FileBytes(const std::string& name, std::uint64_t size, int fd) : ByteSource(name, size), fd_(fd) {}
  ~FileBytes() override { ::close(fd_); }

 protected:
  std::size_t read_some(std::span<std::uint8_t> out) override {
    ssize_t got = 0;
    do {
      got = ::read(fd_, out.data(), out.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) fail(fmt::format("cannot read: {}", std::strerror(errno)));
    return static_cast<std::size_t>(got);
  }

 private:
  int fd_;
};

class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string name, std::span<const std::uint8_t> bytes)
      : ByteSource(std::move(name), bytes.size()), rest_(bytes) {}

 protected:
  std::size_t read_some(std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), count, out.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace

void ByteSource::read(std::span<std::uint8_t> out) {
  if (out.size() > left()) fail(fmt::format("truncated: has {} bytes", size_));
  while (!out.empty()) {
    const std::size_t got = read_some(out);
    if (got == 0)
      fail(fmt::format("truncated: ends after {} of {} bytes", position_, position_ + out.size()));
    position_ += got;
    out = out.subspan(got);
  }
}

void ByteSource::finish() {
  std::uint8_t more = 0;
  if (read_some({&more, 1}) != 0) fail("damaged: continues past its end");
}

void ByteSource::fail(const std::string& what) const { throw DataError(fmt::format("{}: {}", name_, what)); }

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw DataError(fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno)));
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  auto file = std::make_unique<FileBytes>(path.string(),
                                          regular ? static_cast<std::uint64_t>(status.st_size) : 0, fd);
  if (!regular) file->fail("not a regular file");
  return file;
}

std::unique_ptr<ByteSource> open_bytes(std::string name, std::span<const std::uint8_t> bytes) {
  return std::make_unique<MemoryBytes>(std::move(name), bytes);
}

}  // namespace dsx::data

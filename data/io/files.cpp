// File access in one place, so that every message names the file and the cause, and every output is whole or
// absent.
#include "data/io/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include "data/io/temporary.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

void output_error(const fs::path& path, const char* doing, int error) {
  std::string hint;
  if (error == ENOSPC || error == EDQUOT) hint = "; free some space or choose another folder";
  if (error == EACCES || error == EROFS || error == EPERM) hint = "; choose a folder you may write to";
  if (error == ENOTDIR) hint = "; a part of the path is a file, not a folder";
  throw OutputError(fmt::format("{}: cannot {}: {}{}", path.string(), doing, std::strerror(error), hint));
}

std::vector<std::uint8_t> read_file(const fs::path& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    throw DataError(fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw DataError(fmt::format("{}: cannot read: {}", path.string(), std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) throw DataError(fmt::format("{}: not a regular file", path.string()));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes)
    throw DataError(fmt::format("{}: {} bytes is more than the {} that are read at most", path.string(), size,
                                max_bytes));
  std::vector<std::uint8_t> bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(fmt::format("{}: cannot read: {}", path.string(), std::strerror(errno)));
    if (got == 0) break;  // it shrank meanwhile
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash, &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available in this OpenSSL");
  std::string hex;
  hex.reserve(std::size_t{2} * length);
  for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", hash[i]);
  return hex;
}

std::string sha256_hex(std::string_view text) {
  return sha256_hex(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  Temporary temporary(path);
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t put = ::write(temporary.descriptor(), content.data() + done, content.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) output_error(path, "write", errno);
    done += static_cast<std::size_t>(put);
  }
  temporary.publish();
}

}  // namespace dsx::data

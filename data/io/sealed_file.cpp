// SHA-256 by OpenSSL, which uses the CPU's instructions for it: about a tenth of a second for a checkpoint.
#include "data/io/sealed_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMark = "\nDOWNSCALEXR-SEAL sha256 ";
constexpr std::size_t kSealBytes = kMark.size() + 64 + 1;  // mark, hash in hex, newline

// Hex SHA-256 of the first `bytes` of a stream; "" when it cannot be read.
std::string hash_stream(std::istream& in, std::uintmax_t bytes) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> block(std::min<std::uintmax_t>(bytes, 1 << 20));
  while (bytes > 0) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uintmax_t>(bytes, block.size()));
    if (!in.read(block.data(), static_cast<std::streamsize>(size))) return "";
    EVP_DigestUpdate(context.get(), block.data(), size);
    bytes -= size;
  }
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

}  // namespace

std::string with_name_of(const fs::path& path, const fs::path& temporary, std::string message) {
  const std::size_t at = message.find(temporary.string());
  if (at != std::string::npos) message.replace(at, temporary.string().size(), path.string());
  return message;
}

void append_seal(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  const std::string hash = error ? "" : hash_stream(stream, size);
  if (hash.empty()) throw OutputError(file.string() + ": cannot be read back after writing");
  stream.seekp(0, std::ios::end);
  stream << kMark << hash << '\n' << std::flush;
  if (!stream) throw OutputError(fmt::format("{}: cannot write: {}", file.string(), std::strerror(errno)));
}

bool has_seal(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string mark(kMark.size(), '\0');
  in.seekg(-static_cast<std::streamoff>(kSealBytes), std::ios::end);
  return in.read(mark.data(), static_cast<std::streamsize>(mark.size())) && mark == kMark;
}

void write_sealed(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  const fs::path temporary = temporary_beside(path);
  try {
    write(temporary);
    append_seal(temporary);
    publish(temporary, path);
  } catch (const OutputError& error) {
    remove_quietly(temporary);
    throw OutputError(with_name_of(path, temporary, error.what()));
  } catch (...) {
    remove_quietly(temporary);
    throw;
  }
}

void check_seal(const fs::path& path, std::string_view remedy) {
  std::ifstream in(path, std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!in || error)
    throw DataError(fmt::format("{}: cannot be read: no such file, or no permission", path.string()));
  const std::string damaged = fmt::format(": damaged or truncated (its checksum does not match); {}", remedy);
  if (size <= kSealBytes) throw DataError(path.string() + damaged);
  const std::string hash = hash_stream(in, size - kSealBytes);
  std::string seal(kSealBytes, '\0');
  in.read(seal.data(), static_cast<std::streamsize>(kSealBytes));
  if (hash.empty() || !in || seal != std::string(kMark) + hash + "\n")
    throw DataError(path.string() + damaged);
}

}  // namespace dsx::data

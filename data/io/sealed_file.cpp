// SHA-256 by OpenSSL, which uses the CPU's instructions for it: about a tenth of a second for a checkpoint.
#include "data/io/sealed_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMark = "DOWNSCALEXR-SEAL sha256 ";
constexpr std::string_view kOldMark = "\nDOWNSCALEXR-SEAL sha256 ";
constexpr std::size_t kOldSealBytes = kOldMark.size() + 64 + 1;  // mark, hash in hex, newline: the last line

// Hex SHA-256 of the next `bytes` of a stream; "" when they cannot be read.
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
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

std::string read_text(std::istream& in, std::size_t bytes) {
  std::string text(bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(bytes));
  return in ? text : "";
}

bool has_old_seal(std::istream& in) {
  in.clear();
  in.seekg(-static_cast<std::streamoff>(kOldSealBytes), std::ios::end);
  return read_text(in, kOldMark.size()) == kOldMark;
}

bool has_new_seal(std::istream& in) {
  in.clear();
  in.seekg(0);
  return read_text(in, kMark.size()) == kMark;
}

bool is_as_sealed(std::istream& in, std::uintmax_t size) {
  in.clear();
  in.seekg(0);
  if (size <= kSealBlock) return false;
  const std::string block = read_text(in, kSealBlock);
  const std::string hash = hash_stream(in, size - kSealBlock);
  return !hash.empty() && block == seal_block(hash);
}

bool is_as_sealed_by_old(std::istream& in, std::uintmax_t size) {
  in.clear();
  in.seekg(0);
  const std::string hash = hash_stream(in, size - kOldSealBytes);
  return !hash.empty() && read_text(in, kOldSealBytes) == fmt::format("{}{}\n", kOldMark, hash);
}

}  // namespace

std::string seal_block(std::string_view hash) {
  std::string block =
      fmt::format("{}{}\nThe checksum is of all bytes behind the first {}, which HDF5 calls a user block.\n",
                  kMark, hash, kSealBlock);
  block.resize(kSealBlock, '\0');
  return block;
}

void write_seal(const fs::path& file, const fs::path& path) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  stream.seekg(kSealBlock);
  const std::string hash = error || size < kSealBlock ? "" : hash_stream(stream, size - kSealBlock);
  if (hash.empty()) throw OutputError(path.string() + ": cannot be read back after writing");
  stream.seekp(0);
  stream << seal_block(hash) << std::flush;
  if (!stream) throw OutputError(fmt::format("{}: cannot write: {}", path.string(), std::strerror(errno)));
}

bool has_seal(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return has_new_seal(in) || has_old_seal(in);
}

void check_seal(const fs::path& path, std::string_view remedy) {
  std::ifstream in(path, std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!in || error)
    throw DataError(fmt::format("{}: cannot be read: no such file, or no permission", path.string()));
  if (has_new_seal(in)) {
    if (!is_as_sealed(in, size))
      throw DataError(
          fmt::format("{}: damaged or truncated (its checksum does not match), or changed by another "
                      "program; {}",
                      path.string(), remedy));
  } else if (has_old_seal(in)) {
    if (!is_as_sealed_by_old(in, size))
      throw DataError(
          fmt::format("{}: damaged or truncated (its checksum does not match); {}", path.string(), remedy));
  } else {
    throw DataError(
        fmt::format("{}: damaged or truncated (it has no checksum; if version 0.1 wrote it, a "
                    "program that opened it for writing has cut that off); {}",
                    path.string(), remedy));
  }
}

}  // namespace dsx::data

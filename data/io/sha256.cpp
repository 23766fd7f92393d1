// OpenSSL's EVP, which uses the CPU's own SHA instructions where there are any.
#include "data/io/sha256.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "kernels/base/error.hpp"

namespace dsx::data {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() = default;
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { restart(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::restart() {
  size_ = 0;
  if (context_->evp == nullptr || EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
}

void Sha256::update(std::span<const char> bytes) {
  if (EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
  size_ += bytes.size();
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context_->evp, hash.data(), &length) != 1) throw std::bad_alloc();
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", hash.at(i));
  return text;
}

FileDigest digest_of_file(const std::filesystem::path& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rbe"));
  Sha256 hash;
  std::string piece(kPiece, '\0');
  while (file) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
    if (got == 0) break;
    hash.update({piece.data(), got});
  }
  if (!file || std::ferror(file.get()) != 0)
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  const std::uint64_t size = hash.size();
  return {size, hash.hex()};
}

}  // namespace dsx::data

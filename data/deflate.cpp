// One compressor and one decompressor per thread: they are as large as their tables and hold no state between
// calls.
#include "data/deflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

namespace dsx {
namespace {

constexpr int kLevel = 1;

using Compressor = std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)>;
using Decompressor = std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>;

}  // namespace

std::vector<std::uint8_t> deflate_chunk(std::span<const std::uint8_t> bytes) {
  thread_local const Compressor compressor(libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  if (!compressor) throw std::bad_alloc();
  std::vector<std::uint8_t> stream(libdeflate_zlib_compress_bound(compressor.get(), bytes.size()));
  stream.resize(
      libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(), stream.data(), stream.size()));
  return stream;
}

std::size_t deflate_bound(std::size_t bytes) {
  // zlib's compressBound(), which files of older versions keep to, is the smaller one.
  return std::max(libdeflate_zlib_compress_bound(nullptr, bytes),
                  bytes + (bytes >> 12) + (bytes >> 14) + (bytes >> 25) + 13);
}

bool inflate_chunk(std::span<const std::uint8_t> stream, std::span<std::uint8_t> out) {
  thread_local const Decompressor decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  // Without a place for the actual size, anything but out.size() bytes is an error.
  return libdeflate_zlib_decompress(decompressor.get(), stream.data(), stream.size(), out.data(), out.size(),
                                    nullptr) == LIBDEFLATE_SUCCESS;
}

}  // namespace dsx

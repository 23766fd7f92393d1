// Compression of image chunks as HDF5's deflate filter reads them (a zlib stream), several times as fast as
// by zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dsx::data {

// Fast rather than small: radiographs hardly shrink further. At most 4 GB; any thread.
std::vector<std::uint8_t> deflate_chunk(std::span<const std::uint8_t> bytes);

// No more bytes than this come out of deflate_chunk(), nor of zlib.
std::size_t deflate_bound(std::size_t bytes);

// Fills `out` exactly; false when the stream is damaged or of another length.
bool inflate_chunk(std::span<const std::uint8_t> stream, std::span<std::uint8_t> out);

}  // namespace dsx::data

// A file that knows when it was damaged: HDF5 leaves its first 512 bytes to us (a "user block"), and they
// hold the SHA-256 of everything behind them. A damaged file so never reaches the HDF5 library, which does
// not survive arbitrary bytes, and every tool opens a sound one, also for writing: HDF5 touches neither the
// block nor, when nothing is changed, the rest. Version 0.1 put the seal behind HDF5's end, where any program
// that opens the file for writing cuts it off; their files are read as well. A seal is no signature: it tells
// damage and chance, not somebody who means harm.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace dsx::data {

inline constexpr std::size_t kSealBlock = 512;  // bytes: the smallest user block that HDF5 has

// The block for a file whose other bytes have this SHA-256 (in hex): text, filled up with zeros.
std::string seal_block(std::string_view hash);

// Fills the first kSealBlock bytes of a finished file that nothing has open; `path` is its name in messages.
// Throws OutputError.
void write_seal(const std::filesystem::path& file, const std::filesystem::path& path);

// Whether the file begins (or, if it is old, ends) like a sealed one; what it holds may be damaged all the
// same.
bool has_seal(const std::filesystem::path& path);

// Throws DataError when the file is missing, truncated, or not what was written; `remedy` ends the message.
void check_seal(const std::filesystem::path& path,
                std::string_view remedy = "use another copy or an older run");

}  // namespace dsx::data

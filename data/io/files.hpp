// Whole files and their hashes: reading with a size bound, SHA-256, and writing by way of a temporary
// (temporary.hpp), as every output of the project is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dsx::data {

// The file's bytes. Throws DataError when it cannot be read, is not a regular file, or is larger than
// max_bytes.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::size_t max_bytes = std::size_t{1} << 30);

std::string sha256_hex(std::span<const std::uint8_t> bytes);
std::string sha256_hex(std::string_view text);

// Writes text or bytes so that `path` is either the old file or the whole new one. Throws OutputError.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Throws OutputError "<path>: cannot <doing>: <the system's words>", with a hint where there is one.
[[noreturn]] void output_error(const std::filesystem::path& path, const char* doing, int error);

}  // namespace dsx::data

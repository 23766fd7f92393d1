// Whole files and their hashes: reading with a size bound, SHA-256, and the temporary-then-rename writing
// that every output of the project goes through.
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

// "<folder>/.<name>.<pid>.tmp": unique per process, on the same file system as `path`. Makes the folder.
// Removes temporaries of `path` that a killed process left more than an hour ago. Throws OutputError.
std::filesystem::path temporary_beside(const std::filesystem::path& path);
// Syncs `temporary` to disk, renames it over `path` and syncs the folder. Throws OutputError.
void publish(const std::filesystem::path& temporary, const std::filesystem::path& path);
// Writes text or bytes so that `path` is either the old file or the whole new one. Throws OutputError.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace dsx::data

// A file that knows when it was damaged: its last line holds the SHA-256 of everything before it. HDF5
// ignores bytes behind its own end, so a sealed HDF5 file opens in every tool; and a damaged one never
// reaches the HDF5 library, which does not survive arbitrary bytes.
#pragma once

#include <filesystem>
#include <functional>

namespace dsx {

// Calls `write` with the path of a temporary that it must create, seals the temporary, and renames it over
// `path`. `path` is either the old file or the whole new one. Throws OutputError.
void write_sealed(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& write);

// Throws DataError when the file is missing, truncated, or not what was written.
void check_seal(const std::filesystem::path& path);

}  // namespace dsx

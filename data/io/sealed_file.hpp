// A file that knows when it was damaged: its last line holds the SHA-256 of everything before it. HDF5
// ignores bytes behind its own end, so a sealed HDF5 file opens in every tool; and a damaged one never
// reaches the HDF5 library, which does not survive arbitrary bytes. A seal is no signature: it tells damage
// and chance, not somebody who means harm.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace dsx::data {

// Calls `write` with the path of a temporary that it must create, seals the temporary, and renames it over
// `path`. `path` is either the old file or the whole new one. Throws OutputError.
void write_sealed(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& write);

// Adds the seal to a finished file that nothing has open. Throws OutputError.
void append_seal(const std::filesystem::path& file);

// An error's message with `path` for its temporary's name, which would puzzle people.
std::string with_name_of(const std::filesystem::path& path, const std::filesystem::path& temporary,
                         std::string message);

// Whether the file ends like a sealed one; what it holds may be damaged all the same.
bool has_seal(const std::filesystem::path& path);

// Throws DataError when the file is missing, truncated, or not what was written; `remedy` ends the message.
void check_seal(const std::filesystem::path& path,
                std::string_view remedy = "use another copy or an older run");

}  // namespace dsx::data

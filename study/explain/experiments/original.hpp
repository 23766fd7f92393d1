// The original's penalty of maximum pooling, in our library and in others.
#pragma once

#include <string>

namespace dsx::explain {

// Throws DataError when `path` is not a result of scripts/peers: before minutes are spent on measuring.
void check_peers_file(const std::string& path);

}  // namespace dsx::explain

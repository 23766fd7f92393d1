// Which program this is. In a source of its own, since the commit changes often and all else need not.
#pragma once

namespace dsx {

extern const char* const kVersion;  // "0.2.0"
extern const char* const kCommit;   // "96ecb7bce9a1", with "-dirty" behind it where files differ

}  // namespace dsx

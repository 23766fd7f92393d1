// Which program this is. In a source of its own, since the commit changes often and all else need not.
#pragma once

namespace dsx {

extern const char* const kProgramVersion;  // "0.2.0"
extern const char* const kProgramCommit;   // "96ecb7bce9a1", with "-dirty" behind it where files differ

}  // namespace dsx

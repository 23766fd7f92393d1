#include "kernels/base/version.hpp"

#include "downscalexr_version.hpp"

namespace dsx {

const char* const kVersion = DOWNSCALEXR_VERSION;
const char* const kCommit = DOWNSCALEXR_COMMIT;

}  // namespace dsx

#include "kernels/base/version.hpp"

#include "downscalexr_version.hpp"

namespace dsx {

const char* const kProgramVersion = DOWNSCALEXR_VERSION;
const char* const kProgramCommit = DOWNSCALEXR_COMMIT;

}  // namespace dsx

// `study compare --plan`: what the seeds and test images can decide, before and after a run.
#pragma once

#include <filesystem>
#include <string>

#include "study/sweep/sweep.hpp"

namespace dsx::findings {

// After a run: what compare.json leaves undecided, and what would decide it. Before: what this many seeds on
// `test_images` could detect or call equivalent if variants spread as on the original's data. Throws
// DataError when compare.json is damaged.
std::string seeds_plan_text(const std::filesystem::path& folder, const sweep::Sweep& sweep,
                            std::size_t test_images);

}  // namespace dsx::findings

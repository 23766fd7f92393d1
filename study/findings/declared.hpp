// What was declared before a comparison ran, and how it is judged by that: margins, looks, whose claims.
#pragma once

#include <filesystem>
#include <string>

#include "study/analysis/judged.hpp"
#include "study/findings/finish.hpp"

namespace dsx::findings {

// Margins and looks from compare.yaml where the folder has one, else the defaults; margins of `options` win.
// Throws ConfigError when compare.yaml is damaged.
analysis::CompareOptions compare_options_of(const std::filesystem::path& folder,
                                            const FinishOptions& options);
std::string margins_text(bool given_after);  // "declared before the run"

// --claims auto: the built-in images and the original's own classes (NORMAL, PNEUMONIA) with its 624 test
// images.
bool are_claims_wanted(const std::string& claims, const analysis::Cell& cell);

}  // namespace dsx::findings

// What --engine fused does not do for an operator: said wherever a run is announced, so that nobody takes the
// time of separate steps for that of a fused kernel.
#pragma once

#include <string>
#include <vector>

namespace dsx::settings {

// One line; empty when the engine is another, or all of `variants` have a fused kernel.
std::string unfused_text(const std::string& engine, const std::vector<std::string>& variants);

}  // namespace dsx::settings

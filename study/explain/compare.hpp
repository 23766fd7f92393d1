// Reports side by side: of two machines or more, or of the same one again.
#pragma once

#include <string>
#include <vector>

#include "study/explain/report.hpp"

namespace dsx::explain {

constexpr std::size_t kMostCompared = 26;  // they are called A to Z

// What differs in the environments; findings that all have, with their ratio and whether their intervals
// overlap; which parts agree; and in the end which conclusions hold in all (conclusions.hpp). `files` may be
// empty.
std::string compare_text(const std::vector<ExplainReport>& reports,
                         const std::vector<std::string>& files = {});

}  // namespace dsx::explain

// Label issues for a terminal, and as a page with thumbnails: a person has to look at them.
#pragma once

#include <string>

#include "study/audit/label_issues.hpp"

namespace dsx::audit {

std::string issues_text(const data::Dataset& dataset, const LabelIssues& issues, std::size_t shown);
std::string issues_page(const data::Dataset& dataset, const LabelIssues& issues, std::size_t shown = 120);

}  // namespace dsx::audit

// An audit for a terminal.
#pragma once

#include <string>

#include "study/audit/audit.hpp"

namespace dsx::audit {

std::string audit_text(const data::Dataset& dataset, const Audit& audit, std::size_t shown);

}  // namespace dsx::audit

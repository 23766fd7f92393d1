// An audit for programs: everything, with names instead of positions.
#pragma once

#include <string>

#include "study/audit/audit.hpp"

namespace dsx::audit {

std::string audit_json(const data::Dataset& dataset, const Audit& audit);

}  // namespace dsx::audit

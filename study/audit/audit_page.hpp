// An audit with its pictures: a reader sees at once whether two images are one.
#pragma once

#include <string>

#include "study/audit/audit.hpp"

namespace dsx::audit {

// At most `shown` groups of each kind come with thumbnails; the page says so.
std::string audit_page(const data::Dataset& dataset, const Audit& audit, std::size_t shown = 60);

}  // namespace dsx::audit

// A layout by its name wherever GoogleTest shows a parameter.
#pragma once

#include <ostream>

#include "kernels/onednn/layout.hpp"

namespace dsx::kernels {

inline void PrintTo(Layout layout, std::ostream* out) { *out << to_string(layout); }

}  // namespace dsx::kernels

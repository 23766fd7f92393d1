// The mechanism in short, for a terminal.
#pragma once

#include <string>

#include "study/mechanism/mechanism.hpp"

namespace dsx::mechanism {

std::string mechanism_text(const Mechanism& mechanism);

}  // namespace dsx::mechanism

// A measured machine as JSON, of which peers and the report read parts, and as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/machine/machine.hpp"
#include "bench/measure/environment.hpp"

namespace dsx::bench {

nlohmann::json to_json(const Machine& machine, const Environment& environment);
std::string to_text(const Machine& machine, const Environment& environment);

}  // namespace dsx::bench

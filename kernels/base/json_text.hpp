// JSON as text that every reader takes: its strings and keys by as_utf8() (utf8.hpp), NaN and infinity as
// null. The one way to write JSON here, since nlohmann's dump() throws at a file name in Latin-1, or forgets
// its bytes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dsx {

// indent -1: on one line.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace dsx

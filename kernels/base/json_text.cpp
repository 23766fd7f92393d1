// A copy is made only where a text is not UTF-8.
#include "kernels/base/json_text.hpp"

#include "kernels/base/utf8.hpp"

namespace dsx {
namespace {

template <typename Json>
bool is_all_utf8(const Json& json) {
  if (json.is_string()) return is_utf8(json.template get_ref<const std::string&>());
  if (!json.is_structured()) return true;
  for (const auto& [key, value] : json.items())
    if ((json.is_object() && !is_utf8(key)) || !is_all_utf8(value)) return false;
  return true;
}

template <typename Json>
Json all_as_utf8(const Json& json) {
  if (json.is_string()) return as_utf8(json.template get_ref<const std::string&>());
  if (!json.is_structured()) return json;
  Json copy = json.is_array() ? Json::array() : Json::object();
  for (const auto& [key, value] : json.items()) {
    if (json.is_array())
      copy.push_back(all_as_utf8(value));
    else
      copy[as_utf8(key)] = all_as_utf8(value);
  }
  return copy;
}

template <typename Json>
std::string text_of_json(const Json& json, int indent) {
  return is_all_utf8(json) ? json.dump(indent) : all_as_utf8(json).dump(indent);
}

}  // namespace

std::string json_text(const nlohmann::json& json, int indent) { return text_of_json(json, indent); }
std::string json_text(const nlohmann::ordered_json& json, int indent) { return text_of_json(json, indent); }

}  // namespace dsx

#include "study/settings/noise_kind.hpp"

namespace dsx::settings {

std::vector<std::string> noise_kind_names() {
  return {"symmetric", "positive_to_negative", "negative_to_positive", "instance"};
}

}  // namespace dsx::settings

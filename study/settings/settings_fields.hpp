// The table of settings. Nothing else lists them: command lines, config.yaml, help and checks read it.
#pragma once

#include <string>
#include <vector>

#include "study/settings/field.hpp"

namespace dsx::settings {

std::string title_of(SettingGroup group);
const std::vector<SettingGroup>& setting_groups();  // in the order of help and config.yaml

const std::vector<Field>& setting_fields();
const Field* find_field(const std::string& key);  // null for an unknown one

}  // namespace dsx::settings

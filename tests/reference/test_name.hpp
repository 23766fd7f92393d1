// Names of parameterised tests as GoogleTest and `ctest -R` take them: letters, digits and single
// underscores.
#pragma once

#include <cctype>
#include <string>

namespace dsx::reference {

inline std::string test_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

}  // namespace dsx::reference

// Texts of any bytes in YAML, which holds UTF-8 only: a path in Latin-1 comes back byte for byte. Written, it
// is YAML's own !!binary, with its readable form in a comment; read, it may also stand there as it is, in a
// file that somebody wrote in Latin-1.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace dsx::settings {

// One value: quoted, or as !!binary where quotes would not give the same bytes back.
std::string yaml_text(const std::string& bytes);

// Parses a file of any bytes. Throws YAML::Exception.
YAML::Node load_yaml(const std::string& text);

// A scalar of what load_yaml() gave. Throws YAML::Exception when it says !!binary and is none.
std::string bytes_of_scalar(const YAML::Node& scalar);

}  // namespace dsx::settings

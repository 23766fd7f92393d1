// mechanism.json and tables/mechanism_*.csv.
#pragma once

#include <filesystem>
#include <string>

#include "study/mechanism/mechanism.hpp"

namespace dsx::findings {

// `command` repeats it. Makes the folder. Throws OutputError.
void write_mechanism(const std::filesystem::path& folder, const std::string& command,
                     const mechanism::Mechanism& found);

}  // namespace dsx::findings

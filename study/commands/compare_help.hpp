// The words of `study compare --help`, but for its tables of settings.
#pragma once

#include <string>

namespace dsx::commands {

std::string compare_help();      // what it does, its own flags, its files
std::string compare_examples();  // the end

}  // namespace dsx::commands

// The flags that `study compare` and `study report` share: how a sweep is turned into statistics.
#pragma once

#include <boost/program_options.hpp>
#include <string>

#include "study/findings/finish.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::findings {

void add_finish_flags(boost::program_options::options_description& description);
std::string finish_flags_help();
// Throws ConfigError that names the flag. threads are the caller's to set.
FinishOptions finish_options_of(const settings::CommandLine& line);

}  // namespace dsx::findings

// From the words of `study explain` to what is measured: the networks, blocks and images of the user.
#pragma once

#include <string>
#include <vector>

#include "study/explain/experiment.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {

constexpr const char* kDefaultBudget = "10m";
// Not for people: EXPERIMENT:SECONDS:BUDGET, in one of the processes that an experiment is timed in.
constexpr const char* kProcessFlag = "process";

// All but threads, counters and the machine's limits. Throws ConfigError or DataError.
explain::ExplainContext explain_context(const settings::CommandLine& line);

// The blocks of the study's network for images of `channels` x `size` x `size`: the built-in shapes with
// other sides, each block reading what the one before writes. Throws ConfigError when they do not fit.
std::vector<bench::Geometry> study_blocks(int channels, int size);

// What repeats one experiment: all settings, without the name of the output; and the same as fields.
std::string explain_program(const explain::ExplainOptions& options, const settings::CommandLine& line);
bench::Fields explain_settings(const explain::ExplainOptions& options, const settings::CommandLine& line);

}  // namespace dsx::commands

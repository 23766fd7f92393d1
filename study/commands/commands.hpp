// The functions behind the rows of the table in command.cpp: <name>_command is in <name>_command.cpp, what it
// does in the text of its own --help.
#pragma once

#include <string>
#include <vector>

#include "study/commands/command.hpp"

namespace dsx::commands {

int train_command(const std::vector<std::string>& args);
int plan_command(const std::vector<std::string>& args);
int compare_command(const std::vector<std::string>& args);
int data_command(const std::vector<std::string>& args);
int report_command(const std::vector<std::string>& args);
int swap_command(const std::vector<std::string>& args);
int sync_command(const std::vector<std::string>& args);
int list_command(const std::vector<std::string>& args);
int predict_command(const std::vector<std::string>& args);
int export_command(const std::vector<std::string>& args);
int import_command(const std::vector<std::string>& args);
int mechanism_command(const std::vector<std::string>& args);
int explain_command(const std::vector<std::string>& args);
int latency_probe_command(const std::vector<std::string>& args);
int latency_load_command(const std::vector<std::string>& args);
int doctor_command(const std::vector<std::string>& args);
int worker_command(const std::vector<std::string>& args);

std::vector<CommandPart> data_parts();  // data_command.cpp: the commands below `data`

}  // namespace dsx::commands

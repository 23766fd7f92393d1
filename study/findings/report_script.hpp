// The page is drawn by a script (matplotlib), not by this program; this finds and runs it.
#pragma once

#include <filesystem>
#include <string>

namespace dsx::findings {

// Runs scripts/report on the folder, with the explain.json `explained` unless it is empty, and returns its
// exit code; 0 when the script lacks what it draws with, which a line says. Looks beside this program: in the
// source tree that it was built in, then where it is installed. When there is none, says so, where it looked
// and that the numbers are complete without it; returns 0.
int run_report_script(const std::filesystem::path& folder, const std::filesystem::path& explained);

// Whether a page can be drawn here: what the script itself says about its Python.
struct ScriptState {
  bool ready = false;
  std::string said;  // one line
  std::string mend;  // what to do, when it is not ready
};
ScriptState report_script_state();

}  // namespace dsx::findings

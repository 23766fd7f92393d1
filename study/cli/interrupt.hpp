// SIGINT and SIGTERM as a flag that long loops look at once per batch, so that files are never left
// half-written and the state of the last finished epoch stays. A second signal ends the process at once.
#pragma once

#include <string>

namespace dsx::cli {

void install_interrupt_handlers();
bool interrupt_requested();

// Thrown by the loop that saw the flag; main() prints `message` and exits with ExitCode::interrupted. No
// std::exception: nothing between the loop and main() may mistake it for a failure.
struct Interrupted {
  std::string message;
};

// Throws Interrupted when a signal has come.
void check_interrupt(const std::string& message);

}  // namespace dsx::cli

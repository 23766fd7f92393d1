// The handler only sets a flag; SA_RESETHAND gives a second Ctrl-C its usual meaning.
#include "study/cli/interrupt.hpp"

#include <csignal>

namespace dsx::cli {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

extern "C" void remember_signal(int /*number*/) { signal_seen = 1; }

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  // No SA_RESTART: a blocking read of the terminal or a pipe returns and the loop sees the flag.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond ulimit -f fails and is said, as on a full disk
}

bool interrupt_requested() { return signal_seen != 0; }

void check_interrupt(const std::string& message) {
  if (interrupt_requested()) throw Interrupted{message};
}

}  // namespace dsx::cli

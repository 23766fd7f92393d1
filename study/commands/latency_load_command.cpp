// `study latency-load`: the neighbour that latency-probe starts beside the variants it times. Not for people.
#include <cstring>
#include <string>
#include <vector>

#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/commands.hpp"

namespace dsx::commands {
namespace {

void compute_until_stopped() {
  volatile double sink = 0;
  while (!cli::interrupt_requested()) {
    double x = 1;
    for (int i = 0; i < 1 << 20; ++i) x = x * 0.999999 + 1e-6;
    sink = x;
  }
  static_cast<void>(sink);
}

void stream_until_stopped() {
  constexpr std::size_t kBytes = std::size_t{128} << 20;  // beyond any cache
  std::vector<char> a(kBytes, 1), b(kBytes, 2);
  while (!cli::interrupt_requested()) {
    std::memcpy(a.data(), b.data(), kBytes);
    std::memcpy(b.data(), a.data(), kBytes);
  }
}

}  // namespace

int latency_load_command(const std::vector<std::string>& args) {
  if (args.size() != 1 || (args[0] != "compute" && args[0] != "memory"))
    throw ConfigError("study latency-load takes one word: compute or memory");
  args[0] == "compute" ? compute_until_stopped() : stream_until_stopped();
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands

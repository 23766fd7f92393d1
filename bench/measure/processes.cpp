#include "bench/measure/processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <span>

#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"

namespace dsx::bench {

std::vector<ProcessTurn> process_order(std::size_t kinds, int each, std::uint64_t seed) {
  Random random({seed, 0x70726f63});
  std::vector<std::size_t> block(kinds);
  std::iota(block.begin(), block.end(), std::size_t{0});
  std::vector<ProcessTurn> turns;
  for (int number = 0; number < each; ++number) {
    random.shuffle(std::span(block));
    for (const std::size_t kind : block) turns.push_back({kind, number});
  }
  return turns;
}

ProcessTold run_process(const std::string& program, const std::vector<std::string>& words) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw UnsupportedError(fmt::format("cannot start another process: {}", std::strerror(errno)));
  pid_t pid = -1;
  try {
    pid = start_own_program(program, words, {pipe[1], false});
  } catch (...) {
    ::close(pipe[0]);
    ::close(pipe[1]);
    throw;
  }
  ::close(pipe[1]);
  ProcessTold told;
  std::array<char, 65536> part{};
  for (ssize_t count = 1; count != 0;) {
    count = ::read(pipe[0], part.data(), part.size());
    if (count > 0) told.output.append(part.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) break;
  }
  ::close(pipe[0]);
  told.end = wait_process(pid);
  return told;
}

}  // namespace dsx::bench

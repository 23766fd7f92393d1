#include "kernels/base/clock.hpp"

#include <chrono>
#include <cmath>
#include <ctime>

namespace dsx {
namespace {

template <typename Unit, typename Clock>
std::int64_t now_in() {
  return std::chrono::duration_cast<Unit>(Clock::now().time_since_epoch()).count();
}

}  // namespace

std::int64_t now_ns() { return now_in<std::chrono::nanoseconds, std::chrono::steady_clock>(); }

std::int64_t unix_ms() { return now_in<std::chrono::milliseconds, std::chrono::system_clock>(); }

std::int64_t in_ns(double seconds) { return std::llround(seconds * 1e9); }

std::int64_t process_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace dsx

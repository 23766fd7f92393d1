// The one clock: every time that is measured, shown or waited for is a difference of two now_ns(), in
// nanoseconds until text or a field of a file is made of it. bench/measure reads it too. A test fails on any
// other clock in the sources.
#pragma once

#include <cstdint>

namespace dsx {

std::int64_t now_ns();          // steady: never set back; its zero has no meaning
std::int64_t process_cpu_ns();  // CPU time of all threads of this process
std::int64_t unix_ms();         // the date, which may be set back: for stamps and names, never for durations

constexpr double in_seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }
std::int64_t in_ns(double seconds);  // the nearest

// From its construction on.
class Stopwatch {
 public:
  std::int64_t elapsed_ns() const { return now_ns() - start_ns_; }
  double elapsed_s() const { return in_seconds(elapsed_ns()); }

 private:
  std::int64_t start_ns_ = now_ns();
};

}  // namespace dsx

// How long to wait before the next attempt: doubling from one second, at most a minute, each time a random
// part less, so that many runs do not come back at once. A server that names a time is given it.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>

namespace dsx::tracking {

class Backoff {
 public:
  explicit Backoff(unsigned seed = std::random_device{}()) : random_(seed) {}

  // Seconds until the next attempt. `asked_s`: the server's Retry-After, 0 for none.
  double next_s(double asked_s = 0) {
    const double full = std::min(kMost_s, kFirst_s * std::exp2(failures_));
    failures_ = std::min(failures_ + 1, 30);
    const double wait = full * std::uniform_real_distribution<double>(0.5, 1)(random_);
    return std::max(wait, std::min(asked_s, kMostAsked_s));
  }
  void succeeded() { failures_ = 0; }
  int failures() const { return failures_; }

  static constexpr double kFirst_s = 1, kMost_s = 60, kMostAsked_s = 300;

 private:
  std::mt19937 random_;
  int failures_ = 0;
};

}  // namespace dsx::tracking

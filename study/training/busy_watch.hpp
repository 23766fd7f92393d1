// Notices that other processes use the CPUs that a network is trained on, and says so once: a team of threads
// waits for the one that lost its CPU, so that one thread may be faster than two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/measure/neighbours.hpp"

namespace dsx::training {

// Share of the time of a team's CPUs that it may lack before that is worth a line: an idle desktop stays
// below.
constexpr double kWorthALine = 0.25;

// "" below that, where `cpus` leave room for both, and for one thread, which only shares.
std::string busy_text(const bench::NeighbourUse& use, int threads, int cpus);

class BusyWatch {
 public:
  explicit BusyWatch(int threads) : threads_(threads) {}
  // The line, the first time that the last seconds were busy; at most one look in two seconds. Cheap
  // otherwise.
  std::string look();

 private:
  int threads_;
  bool said_ = false;
  std::optional<bench::Neighbours> since_;
  Stopwatch watch_;
};

}  // namespace dsx::training

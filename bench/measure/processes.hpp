// Fresh processes of this program as the unit of repetition: each has memory, addresses and a time of its
// own. In which order they run, and running one. What they say is theirs; what follows from several is
// process_interval.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/base/own_process.hpp"

namespace dsx::bench {

// One process: which kind of the kinds to be compared, and its how-manieth.
struct ProcessTurn {
  std::size_t kind = 0;
  int number = 0;
};
// `each` processes of every kind: all kinds once, in random order, then all again (randomised blocks), so
// that each kind is spread over the whole run and none always follows the same one.
std::vector<ProcessTurn> process_order(std::size_t kinds, int each, std::uint64_t seed);

struct ProcessTold {
  ProcessEnd end;
  std::string output;
};
// This program anew with `words`, until it ends: its standard output is caught, standard error is this
// process's. UnsupportedError when the system refuses another process.
ProcessTold run_process(const std::string& program, const std::vector<std::string>& words);

}  // namespace dsx::bench

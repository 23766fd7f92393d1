// How many threads a run may use: those asked for, cut to the CPUs this process may run on. More threads than
// CPUs make OpenMP's spinning barriers wait for each other, many times slower than needed, so it takes
// --oversubscribe.
#pragma once

#include <string>

#include "study/settings/settings.hpp"

namespace dsx::settings {

struct ThreadChoice {
  int requested = 0;  // 0: not given
  int used = 0;
  int cpus = 0;         // that this process may use
  std::string warning;  // one line for stderr; empty when the wish was granted
};

ThreadChoice choose_threads(int requested, bool oversubscribe, int cpus);

// Chooses by the settings, prints the warning on stderr, and sets OpenMP's team size. Before any primitive is
// made.
ThreadChoice apply_threads(const Settings& settings);

}  // namespace dsx::settings

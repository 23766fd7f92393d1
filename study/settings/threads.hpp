// How many threads a run may use: those asked for, by --threads or else by OMP_NUM_THREADS, cut to the CPUs
// this process may run on and to what OpenMP and the system really give (kernels/onednn/team.hpp). More
// threads than CPUs make OpenMP's spinning barriers wait for each other, many times slower than needed, so it
// takes --oversubscribe.
#pragma once

#include <string>

#include "kernels/onednn/team.hpp"
#include "study/settings/settings.hpp"

namespace dsx::settings {

struct ThreadChoice {
  int requested = 0;  // 0: not given
  int used = 0;
  int cpus = 0;         // that this process may use
  std::string warning;  // one line for stderr; empty when the wish was granted
  std::string note;     // one line for stderr: what decided where nothing was asked for; or empty
};

ThreadChoice choose_threads(int requested, bool oversubscribe, const kernels::TeamFacts& facts);

// Chooses by the settings and by what the system gives, and prints the warning or the note on stderr. Starts
// no team: the process may still fork.
ThreadChoice wanted_threads(const Settings& settings);

// The same, and sets OpenMP's team size. Before any primitive is made.
ThreadChoice apply_threads(const Settings& settings);

}  // namespace dsx::settings

// How large OpenMP's teams really are here: what the environment leaves of a wish (OMP_NUM_THREADS,
// OMP_PLACES, OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS), what the system leaves (a limit of processes), and a
// count of a real team. OpenMP gives fewer threads without a word, and every rate and every share of the work
// would be wrong then.
#pragma once

#include <limits>
#include <string>

namespace dsx::kernels {

struct TeamFacts {
  int cpus = 1;                // usable_cpus(), kernels/base/cpus.hpp
  int from_environment = 0;    // the first number of OMP_NUM_THREADS; 0: not set, or no number
  int in_places = 0;           // CPUs that OMP_PLACES and the like leave to teams; 0: no binding
  std::string places_by = "";  // "OMP_PLACES={0}": who said so
  double quota = 0;            // of the control groups, CPUs; 0: none that limits
};
TeamFacts team_facts();

// What of a team of `wanted` can be had: `threads`, and who says that it is fewer ("OMP_THREAD_LIMIT=1").
// Starts no team, so that a process may still fork afterwards; whether the system gives threads is tried with
// plain ones.
struct TeamLimit {
  int threads = 1;
  std::string reason = "";
};
TeamLimit team_limit(int wanted);

// Without a wish: OMP_NUM_THREADS or all CPUs of the process, cut to what can be had; `note`, one line, says
// who made it other than all CPUs.
struct DefaultTeam {
  int threads = 1;
  std::string note = "";
};
DefaultTeam default_team();
// The same from facts; `most_cpus`: OMP_NUM_THREADS counts up to here.
DefaultTeam choose_team(const TeamFacts& facts, int most_cpus);

// Starts a team of `threads` and counts it.
int measured_team(int threads);

}  // namespace dsx::kernels

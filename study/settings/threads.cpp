// The CPUs are this process' own (affinity mask, cgroup), not the machine's: containers and taskset narrow
// them.
#include "study/settings/threads.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <limits>

#include "kernels/base/counted.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::settings {
namespace {

void cut_to(ThreadChoice& choice, const kernels::TeamLimit& limit) {
  if (limit.threads >= choice.used) return;
  choice.warning = fmt::format("OpenMP gives {} of {}: {}; using {}", limit.threads,
                               counted(choice.used, "thread"), limit.reason, limit.threads);
  choice.note.clear();
  choice.used = limit.threads;
}

}  // namespace

ThreadChoice choose_threads(int requested, bool oversubscribe, const kernels::TeamFacts& facts) {
  ThreadChoice choice{requested, requested, facts.cpus, "", ""};
  if (requested == 0) {
    const auto team =
        kernels::choose_team(facts, oversubscribe ? std::numeric_limits<int>::max() : facts.cpus);
    choice.used = team.threads;
    choice.note = team.note;
  }
  if (choice.used > facts.cpus && oversubscribe) {
    choice.warning = fmt::format("{} on {}, as asked for: expect it to be many times slower",
                                 counted(choice.used, "thread"), counted(facts.cpus, "CPU"));
  } else if (choice.used > facts.cpus) {
    choice.used = facts.cpus;
    choice.warning =
        fmt::format("--threads {} is more than the {} of this process: using {} (--oversubscribe insists)",
                    requested, counted(facts.cpus, "CPU"), facts.cpus);
  } else if (facts.in_places > 0 && choice.used > facts.in_places) {
    choice.warning =
        fmt::format("{} on {}, where {} keeps OpenMP: they take turns, many times slower",
                    counted(choice.used, "thread"), counted(facts.in_places, "CPU"), facts.places_by);
  }
  return choice;
}

ThreadChoice wanted_threads(const Settings& settings) {
  ThreadChoice choice = choose_threads(settings.threads, settings.oversubscribe, kernels::team_facts());
  cut_to(choice, kernels::team_limit(choice.used));
  if (!choice.note.empty()) fmt::print(stderr, "study: {}\n", choice.note);
  if (!choice.warning.empty()) fmt::print(stderr, "study: warning: {}\n", choice.warning);
  return choice;
}

ThreadChoice apply_threads(const Settings& settings) {
  ThreadChoice choice = wanted_threads(settings);
  kernels::set_threads(choice.used);
  return choice;
}

}  // namespace dsx::settings

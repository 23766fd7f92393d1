// The CPUs are this process' own (affinity mask, cgroup), not the machine's: containers and taskset narrow
// them.
#include "study/settings/threads.hpp"

#include <fmt/core.h>

#include <cstdio>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::settings {

ThreadChoice choose_threads(int requested, bool oversubscribe, int cpus) {
  ThreadChoice choice{requested, requested == 0 ? cpus : requested, cpus, ""};
  if (choice.used <= cpus) return choice;
  if (oversubscribe) {
    choice.warning = fmt::format("{} on {}, as asked for: expect it to be many times slower",
                                 counted(requested, "thread"), counted(cpus, "CPU"));
    return choice;
  }
  choice.used = cpus;
  choice.warning =
      fmt::format("--threads {} is more than the {} of this process: using {} (--oversubscribe insists)",
                  requested, counted(cpus, "CPU"), cpus);
  return choice;
}

ThreadChoice apply_threads(const Settings& settings) {
  ThreadChoice choice = choose_threads(settings.threads, settings.oversubscribe, usable_cpus());
  if (!choice.warning.empty()) fmt::print(stderr, "study: warning: {}\n", choice.warning);
  kernels::set_threads(choice.used);
  return choice;
}

}  // namespace dsx::settings

#include "kernels/onednn/team.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include "kernels/base/cgroup.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::kernels {

namespace {

// "4" or "4,2" (one number for each level of nesting); 0 for anything else, which OpenMP ignores as well.
int first_number(const char* text) {
  if (text == nullptr) return 0;
  std::string_view digits(text);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  return std::max(number_from_text<int>(digits.substr(0, digits.find_first_of(", "))).value_or(0), 0);
}

int cpus_in_places() {
  if (omp_get_proc_bind() == omp_proc_bind_false || omp_get_num_places() == 0) return 0;
  std::set<int> cpus;
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    cpus.insert(ids.begin(), ids.end());
  }
  return static_cast<int>(cpus.size());
}

std::string binding_variable() {
  for (const char* name : {"GOMP_CPU_AFFINITY", "OMP_PLACES", "OMP_PROC_BIND"})
    if (const char* value = std::getenv(name)) return fmt::format("{}={}", name, value);
  return "OpenMP's binding";
}

// How many of `wanted` threads the system starts beside this one, all of them alive at once.
int startable(int wanted) {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  std::vector<std::jthread> threads;
  try {
    threads = start_threads(wanted, "OpenMP", [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return over; });
    });
  } catch (const UnsupportedError&) {
    return 0;
  }
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  changed.notify_all();
  return static_cast<int>(threads.size());
}

}  // namespace

TeamFacts team_facts() {
  TeamFacts facts;
  facts.cpus = usable_cpus();
  facts.from_environment = first_number(std::getenv("OMP_NUM_THREADS"));
  facts.in_places = cpus_in_places();
  if (facts.in_places > 0) facts.places_by = binding_variable();
  // One above the CPUs of the mask limits nothing.
  const double quota = cgroup_cpu_limit();
  if (quota < static_cast<double>(allowed_cpus().size())) facts.quota = quota;
  return facts;
}

TeamLimit team_limit(int wanted) {
  if (wanted <= 1) return {1};
  if (omp_get_max_active_levels() == 0) return {1, "OMP_MAX_ACTIVE_LEVELS=0"};
  TeamLimit limit{wanted};
  if (omp_get_thread_limit() < wanted)
    limit = {omp_get_thread_limit(), fmt::format("OMP_THREAD_LIMIT={}", omp_get_thread_limit())};
  if (const int started = 1 + startable(limit.threads - 1); started < limit.threads)
    limit = {started, process_limit_text()};
  return limit;
}

DefaultTeam choose_team(const TeamFacts& facts, int most_cpus) {
  if (const int asked = facts.from_environment; asked > 0) {
    if (asked <= most_cpus)
      return {asked, fmt::format("OMP_NUM_THREADS={}: {} (--threads overrides it)", asked,
                                 counted(asked, "thread"))};
    return {most_cpus, fmt::format("OMP_NUM_THREADS={} is more than the {} of this process: using {}", asked,
                                   counted(most_cpus, "CPU"), most_cpus)};
  }
  if (facts.in_places > 0 && facts.in_places < facts.cpus)
    return {facts.in_places,
            fmt::format("{} leaves OpenMP {} of the {} of this process: {}", facts.places_by, facts.in_places,
                        counted(facts.cpus, "CPU"), counted(facts.in_places, "thread"))};
  if (const double rest = facts.quota - facts.cpus; rest > 0 && rest < 1)
    return {facts.cpus,
            fmt::format("the control group allows {:.3g} CPUs: {}, since one more would be throttled",
                        facts.quota, counted(facts.cpus, "thread"))};
  return {facts.cpus, ""};
}

DefaultTeam default_team() {
  const TeamFacts facts = team_facts();
  DefaultTeam team = choose_team(facts, facts.cpus);
  const TeamLimit limit = team_limit(team.threads);
  if (limit.threads < team.threads)
    team = {limit.threads, fmt::format("OpenMP gives {} of {}: {}", limit.threads,
                                       counted(team.threads, "thread"), limit.reason)};
  return team;
}

int measured_team(int threads) {
  int size = 0;
#pragma omp parallel num_threads(threads)
#pragma omp master
  size = omp_get_num_threads();
  return size;
}

}  // namespace dsx::kernels

// What the program stands on: oneDNN, OpenMP, and the Python that draws pages.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/modes.hpp"
#include "kernels/onednn/team.hpp"
#include "study/doctor/check.hpp"
#include "study/findings/report_script.hpp"

namespace dsx::doctor {

Finding check_onednn(const Question&) {
  const kernels::OneDnnInfo info = kernels::onednn_info();
  std::string what =
      fmt::format("{}, threads of {}, uses {}", info.version, info.threading_runtime, info.effective_isa);
  const std::string variables = kernels::numeric_mode_variables();
  if (!variables.empty())
    return {Status::limited, what + ", held there by " + variables,
            "unset that variable for the CPU's own instruction sets"};
  try {
    kernels::require_dtype(dnnl::memory::data_type::bf16);
    what += "; --dtype f32 and bf16";
  } catch (const std::runtime_error&) {
    what += "; --dtype f32 (no bf16 on this CPU)";
  }
  return {Status::good, what};
}

Finding check_threads(const Question&) {
  const kernels::TeamFacts facts = kernels::team_facts();
  const kernels::DefaultTeam team = kernels::default_team();
  const int measured = kernels::measured_team(team.threads);
  std::string what = fmt::format("a run takes {} by default, and a team of {} has {}",
                                 counted(team.threads, "thread"), team.threads, measured);
  if (!team.note.empty()) what += "; " + team.note;
  if (measured < team.threads)
    return {Status::broken, what,
            "look at OMP_THREAD_LIMIT, OMP_DYNAMIC and the limit of processes (ulimit -u)"};
  if (team.threads < facts.cpus)
    return {Status::limited, what, fmt::format("--threads {} takes all CPUs", facts.cpus)};
  return {Status::good, what};
}

Finding check_page(const Question&) {
  const findings::ScriptState state = findings::report_script_state();
  if (state.ready) return {Status::good, state.said};
  return {Status::broken, state.said, state.mend};
}

}  // namespace dsx::doctor

#include "study/doctor/check.hpp"

namespace dsx::doctor {

std::string to_string(Status status) {
  switch (status) {
    case Status::good:
      return "ok";
    case Status::limited:
      return "limited";
    case Status::broken:
      return "missing";
  }
  return "";
}

const std::vector<Check>& check_table() {
  static const std::vector<Check> table = {
      {"CPU", "its model and vector extensions, and which of our kernels it gets", check_cpu},
      {"free CPUs", "what others use of the CPUs for a second, and whether two CPUs are two cores",
       check_free_cpus},
      {"memory", "latency and bandwidth by a short probe, and what is free", check_memory},
      {"huge pages", "whether large buffers can lie on large pages", check_huge_pages},
      {"counters", "which hardware counters `study explain` and `bench_ops` can read", check_counters},
      {"limits", "what control groups and limits of processes leave", check_limits},
      {"oneDNN", "its version, threads and instruction sets, and variables that change them", check_onednn},
      {"threads", "how large an OpenMP team really is", check_threads},
      {"page", "the script and Python modules that draw a comparison's page", check_page},
      {"tracking", "whether the MLflow server answers, where one is named", check_tracking},
      {"results", "whether runs can be written to --out, and room on its disk", check_out},
      {"data cache", "the same of the folder that keeps imported images", check_cache},
  };
  return table;
}

}  // namespace dsx::doctor

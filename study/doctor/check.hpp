// What `study doctor` looks at: one row per check, each a function that looks, measures for at most about a
// second, and says in one line what it found and, where something is amiss, the command that mends it. A
// check never throws for what it finds: that something cannot be told is a finding, too. Adding a check is
// one function and one row.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dsx::doctor {

inline constexpr double kGiB = 1 << 30;

enum class Status {
  good,     // nothing to do
  limited,  // works, with less than there could be
  broken,   // something that a user may want does not work
};
std::string to_string(Status status);

struct Finding {
  Status status = Status::good;
  std::string what = "";  // one line
  std::string mend = "";  // a command, or what to do; empty where there is nothing to mend
};

struct Question {
  std::string track = "";  // the MLflow server to be asked; empty: MLFLOW_TRACKING_URI, or none
  std::filesystem::path out = "results";  // where runs would be written
  std::filesystem::path cache = "";       // of imported data; empty: the default
};

struct Check {
  const char* name;
  const char* about;  // for --help
  Finding (*look)(const Question& question);
};

// From the CPU outwards: machine_checks.cpp, library_checks.cpp, place_checks.cpp.
const std::vector<Check>& check_table();

// The checks, by file.
Finding check_cpu(const Question&);
Finding check_free_cpus(const Question&);
Finding check_memory(const Question&);
Finding check_huge_pages(const Question&);
Finding check_counters(const Question&);
Finding check_limits(const Question&);
Finding check_onednn(const Question&);
Finding check_threads(const Question&);
Finding check_page(const Question&);
Finding check_tracking(const Question&);
Finding check_out(const Question&);
Finding check_cache(const Question&);

}  // namespace dsx::doctor

// Everything about the machine, the libraries and this build that a result needs to be understood later: one
// struct, one field list. Nothing here is measured (bench/machine/machine.hpp does that), and nothing names
// the host or its user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/onednn/context.hpp"

namespace dsx::bench {

struct CacheLevel {
  int level = 0;          // 1 is the first data cache
  std::size_t bytes = 0;  // of one instance
  int line_bytes = 0;
  int instances = 0;                 // in the whole machine
  int sharing_hardware_threads = 0;  // logical CPUs behind one instance
};

struct Topology {
  int sockets = 0, numa_nodes = 0;
  int cores = 0;             // as the operating system or hypervisor tells; bench/machine checks it
  int hardware_threads = 0;  // logical CPUs
  std::vector<CacheLevel> caches;
  std::size_t memory_bytes = 0;
};

struct Environment {
  std::string date_utc;  // ISO 8601
  std::string command;
  std::string version, commit;  // of this program
  std::string compiler, compiler_flags, build_type;
  std::string cpu_model, cpu_vendor, microcode;
  std::string isa;           // the vector extensions that the CPU reports, space-separated
  bool virtualized = false;  // a hypervisor is present: clocks and "cores" are what it makes of them
  Topology topology;
  std::string affinity;          // logical CPUs that this process may use: "0-1"
  int usable_cpus = 0;           // how many those are, within the cgroup's limit
  std::string cgroup_cpu_limit;  // "none", or CPUs: "1.50"
  std::string governor;          // "performance", or why it is unknown
  std::string huge_pages;        // transparent huge pages: "always", "madvise", "never"
  std::string kernel;            // operating system's release
  std::string load_average;      // 1, 5, 15 minutes at the start
  int threads = 0;               // OpenMP team size
  std::string openmp_waiting;    // how its threads wait for each other: "passive", "by default", ...
  std::vector<std::pair<std::string, std::string>>
      openmp_environment;  // OMP_*, GOMP_*, KMP_*, ONEDNN_*, DNNL_*, OPENCV_*, GLIBC_TUNABLES
  kernels::OneDnnInfo onednn;
};

// Set in a process that the program started anew so that it waits briefly (study/settings/waiting.hpp).
inline constexpr const char* kBriefWaiting = "DOWNSCALEXR_WAITS_BRIEFLY";

// `command`: what repeats the run; empty: this process's own command line.
Environment read_environment(const std::string& command = "");

// The one list of fields, in the order they are shown: name, value. JSON, HDF5 and text are made from it.
using Fields = std::vector<std::pair<std::string, std::string>>;
Fields environment_fields(const Environment& environment);

// `word` as a POSIX shell reads it back: as it is, or in single quotes.
std::string shell_quoted(const std::string& word);

// `text` without the user and password of addresses in it: "http://me:secret@host" becomes "http://host".
std::string without_user_info(std::string text);

// This process's command line, quoted for a shell, without such secrets.
std::string own_command_line();

}  // namespace dsx::bench

// Reads /proc, /sys, the process's environment and what CMake knew. A field that cannot be read says so.
#include "bench/measure/environment.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench/measure/topology.hpp"
#include "kernels/base/cgroup.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/base/version.hpp"

extern char** environ;

namespace dsx::bench {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "key<spaces>: value" of the first such line in /proc/cpuinfo.
std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const auto colon = line.find(':');
    if (colon == std::string::npos || line.find_first_not_of(" \t", key.size()) != colon) continue;
    return colon + 2 <= line.size() ? line.substr(colon + 2) : "";
  }
  return "";
}

// Of some hundred flags those that decide which kernels run.
std::string vector_extensions(const std::string& flags) {
  std::istringstream words(flags);
  std::string word, result;
  while (words >> word) {
    const bool vector = word == "fma" || word == "f16c" || word == "sse4_2" || word == "asimd" ||
                        word == "sve" || word == "bf16" || word.rfind("avx", 0) == 0 ||
                        word.rfind("amx", 0) == 0;
    if (vector) result += (result.empty() ? "" : " ") + word;
  }
  return result.empty() ? "unknown" : result;
}

// {0, 1, 2, 5} -> "0-2,5"
std::string ranges(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(cpus[i]);
    if (last > i) text.append(1, '-').append(std::to_string(cpus[last]));
    i = last + 1;
  }
  return text;
}

std::string compiler_name() {
#if defined(__clang__)
  return fmt::format("Clang {}", __clang_version__);
#elif defined(__GNUC__)
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::string governor() {
  const auto text = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  return text.empty() ? "not available: the kernel shows no cpufreq (usual in a virtual machine)" : text;
}

// "always [madvise] never" -> "madvise"
std::string huge_pages() {
  const auto text = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const auto open = text.find('['), close = text.find(']');
  if (open == std::string::npos || close == std::string::npos) return "not available";
  return text.substr(open + 1, close - open - 1);
}

// libgomp's rule: GOMP_SPINCOUNT wins over OMP_WAIT_POLICY.
std::string openmp_waiting() {
  const char *spins = std::getenv("GOMP_SPINCOUNT"), *policy = std::getenv("OMP_WAIT_POLICY");
  if (spins != nullptr && std::getenv(kBriefWaiting) != nullptr)
    return fmt::format("brief (GOMP_SPINCOUNT={}, this program's choice for training)", spins);
  if (spins != nullptr) return fmt::format("GOMP_SPINCOUNT={}", spins);
  return policy != nullptr ? policy : "by default";
}

std::vector<std::pair<std::string, std::string>> openmp_environment() {
  constexpr std::array<const char*, 7> kPrefixes{"OMP_",  "GOMP_",   "KMP_",          "ONEDNN_",
                                                 "DNNL_", "OPENCV_", "GLIBC_TUNABLES"};
  std::vector<std::pair<std::string, std::string>> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string::npos) continue;
    if (std::any_of(kPrefixes.begin(), kPrefixes.end(),
                    [&](const char* p) { return text.rfind(p, 0) == 0; })) {
      found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void read_cpu(Environment& env) {
  env.cpu_model = cpuinfo("model name");
  if (env.cpu_model.empty()) env.cpu_model = "unknown";
  env.cpu_vendor = cpuinfo("vendor_id");
  const auto family = cpuinfo("cpu family");
  if (!family.empty()) {
    env.cpu_model +=
        fmt::format(" (family {}, model {}, stepping {})", family, cpuinfo("model"), cpuinfo("stepping"));
  }
  env.microcode = cpuinfo("microcode");
  auto flags = cpuinfo("flags");
  if (flags.empty()) flags = cpuinfo("Features");
  env.isa = vector_extensions(flags);
  env.virtualized = (" " + flags + " ").find(" hypervisor ") != std::string::npos;
}

std::string topology_text(const Topology& t) {
  return fmt::format("{} socket(s), {} NUMA node(s), {} core(s), {} hardware thread(s)", t.sockets,
                     t.numa_nodes, t.cores, t.hardware_threads);
}

std::string size_text(std::size_t bytes) {
  return bytes % (1024 * 1024) == 0 ? fmt::format("{} MiB", bytes / (1024 * 1024))
                                    : fmt::format("{} KiB", bytes / 1024);
}

// bash's $'...', which has words for control characters and for bytes that are no UTF-8.
std::string ansi_c_quoted(const std::string& word) {
  std::string escaped;
  for (const char c : word) escaped += c == '\\' || c == '\'' ? std::string{'\\', c} : std::string{c};
  return "$'" + one_line(escaped) + "'";
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  constexpr auto kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+";
  if (!word.empty() && word.find_first_not_of(kSafe) == std::string::npos) return word;
  if (one_line(word) != word) return ansi_c_quoted(word);
  std::string text(1, '\'');
  for (const char c : word) c == '\'' ? text.append("'\\''") : text.append(1, c);
  return text.append(1, '\'');
}

// Up to the last '@' of the word: a password may hold an '@' that should have been written %40. One '/' is
// enough: that is what is left of two where the text went through a path.
std::string without_user_info(std::string text) {
  for (std::size_t at = 0; (at = text.find(":/", at)) != std::string::npos;) {
    at = std::min(text.find_first_not_of('/', at + 1), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t\n\r\"'", at), text.size());
    const std::size_t sign = text.rfind('@', end);
    if (sign != std::string::npos && sign >= at && sign < end) text.erase(at, sign + 1 - at);
  }
  return text;
}

std::string own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text, word;
  while (std::getline(file, word, '\0')) {
    if (!text.empty()) text += ' ';
    text += shell_quoted(without_user_info(word));
  }
  return text;
}

Environment read_environment(const std::string& command) {
  Environment env;
  env.date_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  env.command = command.empty() ? own_command_line() : command;
  env.version = kProgramVersion;
  env.commit = kProgramCommit;
  env.compiler = compiler_name();
  env.compiler_flags = DOWNSCALEXR_COMPILER_FLAGS;
  env.build_type = DOWNSCALEXR_BUILD_TYPE;
  read_cpu(env);
  env.topology = read_topology();
  env.affinity = ranges(allowed_cpus());
  env.usable_cpus = usable_cpus();
  const double limit = cgroup_cpu_limit();
  env.cgroup_cpu_limit = limit > 0 ? fmt::format("{:.2f}", limit) : "none";
  env.governor = governor();
  env.huge_pages = huge_pages();
  utsname system{};
  if (uname(&system) == 0)
    env.kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  std::array<double, 3> load{};
  env.load_average = getloadavg(load.data(), 3) == 3
                         ? fmt::format("{:.2f} {:.2f} {:.2f}", load[0], load[1], load[2])
                         : "not available";
  env.threads = kernels::max_threads();
  env.openmp_waiting = openmp_waiting();
  env.openmp_environment = openmp_environment();
  env.onednn = kernels::onednn_info();
  return env;
}

Fields environment_fields(const Environment& env) {
  Fields fields{
      {"date_utc", env.date_utc},
      {"command", env.command},
      {"version", env.version},
      {"commit", env.commit},
      {"compiler", env.compiler},
      {"compiler_flags", env.compiler_flags},
      {"build_type", env.build_type},
      {"cpu_model", env.cpu_model},
      {"cpu_vendor", env.cpu_vendor},
      {"microcode", env.microcode},
      {"isa", env.isa},
      {"virtualized", env.virtualized ? "yes" : "no"},
      {"topology", topology_text(env.topology)},
  };
  for (const auto& cache : env.topology.caches) {
    fields.emplace_back(
        fmt::format("cache_l{}", cache.level),
        fmt::format("{} x {}, {}-byte lines, shared by {} hardware thread(s)", cache.instances,
                    size_text(cache.bytes), cache.line_bytes, cache.sharing_hardware_threads));
  }
  const Fields rest{
      {"memory_mib", std::to_string(env.topology.memory_bytes / (1024 * 1024))},
      {"affinity", env.affinity},
      {"usable_cpus", std::to_string(env.usable_cpus)},
      {"cgroup_cpu_limit", env.cgroup_cpu_limit},
      {"governor", env.governor},
      {"huge_pages", env.huge_pages},
      {"kernel", env.kernel},
      {"load_average", env.load_average},
      {"threads", std::to_string(env.threads)},
      {"openmp_waiting", env.openmp_waiting},
      {"onednn_version", env.onednn.version},
      {"onednn_build_hash", env.onednn.build_hash},
      {"onednn_threading_runtime", env.onednn.threading_runtime},
      {"onednn_effective_isa", env.onednn.effective_isa},
  };
  fields.insert(fields.end(), rest.begin(), rest.end());
  for (const auto& [name, value] : env.openmp_environment) fields.emplace_back("env_" + name, value);
  return fields;
}

}  // namespace dsx::bench

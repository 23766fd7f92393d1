// The first mask is read by a function in .preinit_array, which the dynamic linker calls before the
// constructors of the shared libraries, libgomp's among them. Where that section is not known the mask is the
// thread's own.
#include "kernels/base/cpus.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <thread>

#include "kernels/base/cgroup.hpp"

namespace dsx {
namespace {

constexpr std::size_t kMaskWords = 128;  // 8192 CPUs, as many as Linux is built for
constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;

struct CpuMask {
  std::array<unsigned long, kMaskWords> words;
  long bytes;  // that the kernel filled; 0 or less: unknown
};

CpuMask first_mask;  // zeros until read_first_mask(); no constructor, which would run later and undo it

// No sanitizer's run time is ready that early.
__attribute__((no_sanitize("address", "thread", "undefined"))) void read_first_mask() {
  first_mask.bytes = syscall(SYS_sched_getaffinity, 0, sizeof first_mask.words, &first_mask.words);
}

#if defined(__ELF__) && defined(__GLIBC__)
__attribute__((section(".preinit_array"), used)) void (*const before_all_libraries)() = read_first_mask;
#endif

CpuMask mask_of_this_thread() {
  CpuMask mask{};
  mask.bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask.words, &mask.words);
  return mask;
}

// Whether OpenMP may have bound threads. Where it has not, a thread's own mask also knows what `taskset -p`
// and the like changed since.
bool openmp_may_bind() {
  for (const char* name : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"})
    if (std::getenv(name) != nullptr) return true;
  return false;
}

}  // namespace

std::vector<int> allowed_cpus() {
  const CpuMask mask = openmp_may_bind() && first_mask.bytes > 0 ? first_mask : mask_of_this_thread();
  std::vector<int> cpus;
  for (std::size_t cpu = 0; mask.bytes > 0 && cpu < kMaskWords * kWordBits; ++cpu)
    if ((mask.words[cpu / kWordBits] >> cpu % kWordBits & 1U) != 0) cpus.push_back(static_cast<int>(cpu));
  return cpus;
}

int usable_cpus() {
  auto count = static_cast<int>(allowed_cpus().size());
  if (count == 0) count = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const double limit = cgroup_cpu_limit();
  // A limit of 1.5 CPUs would throttle two busy threads: round down.
  if (limit > 0) count = std::min(count, std::max(1, static_cast<int>(limit)));
  return std::max(1, count);
}

void unbind_thread() noexcept {
  if (first_mask.bytes > 0 && openmp_may_bind())
    syscall(SYS_sched_setaffinity, 0, first_mask.bytes, &first_mask.words);
}

std::vector<int> usual_thread_counts(int most) {
  std::vector<int> counts;
  for (int count = 1; count < most; count *= 2) counts.push_back(count);
  counts.push_back(most);
  return counts;
}

}  // namespace dsx

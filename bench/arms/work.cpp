// Cache states and flushing.
#include "bench/arms/work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "kernels/base/error.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dsx::bench {

const std::vector<std::string>& cache_state_names() {
  static const std::vector<std::string> names{"hot", "cold_source", "cold_weights", "cold_destination",
                                              "cold_all"};
  return names;
}

std::string to_string(CacheState state) { return cache_state_names().at(static_cast<std::size_t>(state)); }

CacheState cache_state_from_string(const std::string& name) {
  const auto& names = cache_state_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw ConfigError(
        fmt::format("cache state '{}' is not known: use one of {}", name, fmt::join(names, ", ")));
  }
  return static_cast<CacheState>(found - names.begin());
}

namespace {

void append(std::vector<dnnl::memory>& to, const std::vector<dnnl::memory>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

constexpr std::uintptr_t kLine = 64;  // bytes; the smallest line of the CPUs in question

#if defined(__x86_64__)
__attribute__((target("clflushopt"))) void flush_lines_opt(std::uintptr_t line, std::uintptr_t end) {
  for (; line < end; line += kLine) _mm_clflushopt(reinterpret_cast<void*>(line));
}
void flush_lines(std::uintptr_t line, std::uintptr_t end) {
  for (; line < end; line += kLine) _mm_clflush(reinterpret_cast<const void*>(line));
}
bool has_clflushopt() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  return (b >> 23 & 1) != 0;
}
#endif

}  // namespace

std::vector<dnnl::memory> flushed_by(CacheState state, const Buffers& buffers) {
  switch (state) {
    case CacheState::hot:
      return {};
    case CacheState::cold_source:
      return buffers.source;
    case CacheState::cold_weights:
      return buffers.weights;
    case CacheState::cold_destination:
      return buffers.destination;
    case CacheState::cold_all: {
      auto all = buffers.source;
      append(all, buffers.weights);
      append(all, buffers.destination);
      append(all, buffers.between);
      return all;
    }
  }
  return {};
}

double Work::working_set_bytes() const {
  // Memories may be views of one another (a batch under two descriptors): count addresses once.
  auto all = flushed_by(CacheState::cold_all, buffers);
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.get_data_handle() < b.get_data_handle(); });
  std::uintptr_t end = 0;
  double bytes = 0;
  for (const auto& memory : all) {
    const auto begin = std::max(end, reinterpret_cast<std::uintptr_t>(memory.get_data_handle()));
    const auto stop =
        reinterpret_cast<std::uintptr_t>(memory.get_data_handle()) + memory.get_desc().get_size();
    if (stop > begin) bytes += static_cast<double>(stop - begin);
    end = std::max(end, stop);
  }
  return bytes;
}

std::string flush_method() {
#if defined(__x86_64__)
  return has_clflushopt() ? "clflushopt" : "clflush";
#elif defined(__aarch64__)
  return "dc civac";
#else
  return "none";
#endif
}

void flush_from_caches(const void* begin, std::size_t bytes) {
  const auto start = reinterpret_cast<std::uintptr_t>(begin) & ~(kLine - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(begin) + bytes;
#if defined(__x86_64__)
  static const bool opt = has_clflushopt();
  _mm_mfence();
  if (opt) {
    flush_lines_opt(start, end);
  } else {
    flush_lines(start, end);
  }
  _mm_mfence();
#elif defined(__aarch64__)
  for (auto line = start; line < end; line += kLine) __asm__ volatile("dc civac, %0" ::"r"(line) : "memory");
  __asm__ volatile("dsb sy" ::: "memory");
#else
  (void)start;
  (void)end;
  throw UnsupportedError("flushing caches: not available on this architecture");
#endif
}

void flush_from_caches(const std::vector<dnnl::memory>& memories) {
  for (const auto& memory : memories)
    flush_from_caches(memory.get_data_handle(), memory.get_desc().get_size());
}

}  // namespace dsx::bench

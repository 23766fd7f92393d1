#include "kernels/base/workers.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"

namespace dsx {

std::string process_limit_text() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return "the limit of processes (a container's, or the system's) or of memory is reached";
  return fmt::format("the limit of processes (ulimit -u {}, or a container's) or of memory is reached",
                     limit.rlim_cur);
}

std::string refusal_text(const std::system_error& error) {
  return fmt::format("{}: {}", error.what(), process_limit_text());
}

std::jthread start_thread(const std::string& purpose, std::function<void()> work) {
  try {
    return std::jthread([work = std::move(work)] {
      unbind_thread();
      work();
    });
  } catch (const std::system_error& error) {
    throw UnsupportedError(fmt::format(
        "no thread for {} could be started ({}): {}; raise it, or end other processes of this user", purpose,
        error.code().message(), process_limit_text()));
  }
}

std::vector<std::jthread> start_threads(int count, const std::string& purpose,
                                        const std::function<void()>& work) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    try {
      threads.push_back(start_thread(purpose, work));
    } catch (const UnsupportedError&) {
      if (threads.empty()) throw;
      break;
    }
  }
  return threads;
}

void run_workers(int count, const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int i = 1; i < count; ++i) {
    try {
      threads.push_back(start_thread("helping", [&work, i] { work(i); }));
    } catch (const UnsupportedError&) {
      break;  // the others, or this one alone, do it all
    }
  }
  work(0);
}

}  // namespace dsx

// Threads beside OpenMP's: those that decode, hash, prefetch and send. Started here alone, so that each may
// run on every CPU of the process (cpus.hpp), and so that a limit of processes that is reached ends in one
// line, or in fewer threads where the work allows it, and never in std::terminate().
#pragma once

#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace dsx {

// Throws UnsupportedError, which names `purpose` ("prefetching images"), when the system refuses a thread.
std::jthread start_thread(const std::string& purpose, std::function<void()> work);

// `count` threads, or as many as the system allows. Throws UnsupportedError when that is none of them.
std::vector<std::jthread> start_threads(int count, const std::string& purpose,
                                        const std::function<void()>& work);

// work(0) on the calling thread beside work(1), ..., work(count - 1) on threads of their own, until all have
// ended. Fewer than `count` run where the system refuses threads, so `work` must take what is to do piece by
// piece from a common counter. It must not throw.
void run_workers(int count, const std::function<void(int)>& work);

// In one line, what a library's failure to start a thread or process means.
std::string refusal_text(const std::system_error& error);

// What a refused thread or process means: "the limit of processes (ulimit -u 40, or a container's) is
// reached".
std::string process_limit_text();

}  // namespace dsx

// What every benchmark arm is once it is built: something to run, what it costs, and which memories it
// touches. How it is timed is measure.hpp's; arms are made by block_builder.cpp (operators and
// blocks), network_arms.cpp, fc1_arms.cpp and reorder_arms.cpp.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/onednn/kernel.hpp"

namespace dsx::bench {

// What lies in the caches when the clock starts. hot: what the run before left. cold: those memories were
// flushed.
enum class CacheState { hot, cold_source, cold_weights, cold_destination, cold_all };
const std::vector<std::string>& cache_state_names();
std::string to_string(CacheState state);
CacheState cache_state_from_string(const std::string& name);  // throws ConfigError

// The memories of a work by what they are to it.
struct Buffers {
  std::vector<dnnl::memory> source;       // read, made by somebody else (backward: the gradient too)
  std::vector<dnnl::memory> weights;      // weights, biases, fixed filters
  std::vector<dnnl::memory> destination;  // the result
  std::vector<dnnl::memory> between;      // intermediates, workspaces, scratchpads
};

struct Work {
  std::function<void()> run;
  std::function<void()> prepare;  // untimed, before every run (backward needs its forward); may be empty
  kernels::Cost cost;             // without reorders: those are overhead, not work
  std::string label;              // implementations, layouts, reorders
  int reorders = 0;
  Buffers buffers;
  std::vector<kernels::Step> steps;  // of one run, for tables of steps; empty when it is no chain of steps
  std::shared_ptr<void> keep;        // whatever must live as long
  double working_set_bytes() const;
};

// The memories that `state` flushes: none for hot.
std::vector<dnnl::memory> flushed_by(CacheState state, const Buffers& buffers);

// Thrown when a result does not agree with the reference: nothing may be timed then.
struct WrongResult : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Removes these bytes from all caches: clflush per line on x86-64, dc civac on ARM.
void flush_from_caches(const void* begin, std::size_t bytes);
void flush_from_caches(const std::vector<dnnl::memory>& memories);
// "clflushopt", "clflush", "dc civac"
std::string flush_method();

}  // namespace dsx::bench

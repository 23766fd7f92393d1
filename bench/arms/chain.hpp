// Connects kernels to memory outside a network: every argument is allocated, inputs that come in another
// layout get a reorder step, as in a plan. Nothing is shared or reused, so that each argument can be flushed
// on its own.
#pragma once

#include <string>
#include <vector>

#include "bench/arms/work.hpp"

namespace dsx::bench {

class Chain {
 public:
  explicit Chain(kernels::Context context) : context_(std::move(context)) {}

  // Adds a step. `known`: inputs (reordered when the kernel wants another descriptor) and outputs that exist
  // already; other outputs are allocated. Returns all of its memories.
  kernels::Arguments add(const std::string& name, kernels::Kernel kernel, const kernels::Arguments& known);

  // From here on steps are untimed preparation (`true`) or what is timed (`false`, the default).
  void preparing(bool on) { preparing_ = on; }

  const std::vector<kernels::Step>& steps() const { return steps_; }
  const kernels::Context& context() const { return context_; }
  // Memories allocated for timed steps' intermediates, workspaces and scratchpads.
  const std::vector<dnnl::memory>& between() const { return between_; }

  void run_preparation();
  void run();

  kernels::Cost cost() const;  // of the timed steps that are no reorders
  int reorders() const;
  std::string label() const;  // "jit:avx512_core f32 nhwc -> f32 nhwc; 0 reorders"

 private:
  dnnl::memory converted(const std::string& name, const dnnl::memory& from, const dnnl::memory::desc& wanted);
  void push(kernels::Step step);

  kernels::Context context_;
  bool preparing_ = false;
  std::vector<kernels::Step> preparation_, steps_;
  std::vector<dnnl::memory> between_;
};

// A memory with its pages touched; zero.
dnnl::memory make_memory(const kernels::Context& context, const dnnl::memory::desc& md);

// Same bytes in the same places (descriptors may differ in the stride of a dimension of size 1).
bool same_bytes(const dnnl::memory::desc& a, const dnnl::memory::desc& b);

// Deterministic values for any place of a tensor: multiples of 1/32 in (-4, 4), exact in f32 and bf16, and
// rarely equal to their neighbours.
float pattern_value(std::size_t index, unsigned salt);
std::vector<float> pattern(std::size_t count, unsigned salt);

// Plain row-major f32 values into a memory of any layout and type, and back.
void write_plain(const kernels::Context& context, std::vector<float>& values, dnnl::memory memory);
std::vector<float> read_plain(const kernels::Context& context, const dnnl::memory& memory);
void fill_with_nan(const dnnl::memory& memory);
std::size_t element_count(const dnnl::memory::dims& dims);

}  // namespace dsx::bench

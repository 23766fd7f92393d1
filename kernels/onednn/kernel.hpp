// A Kernel is one operator in one direction, built but not yet bound to memory: which descriptors it wants,
// what it costs, which implementation runs it. A Step is a Kernel bound to memory: executing it is all that
// forward() and backward() do. Networks, benchmarks and tests all use these two types and no other.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "kernels/onednn/context.hpp"
#include "kernels/onednn/prefetch.hpp"

namespace dsx::kernels {

// What the arithmetic needs at least, from shapes alone (never from a measurement).
struct Cost {
  double flop = 0;        // of the definition; multiply and add count as two
  double min_bytes = 0;   // each input read once, each output written once, unpadded
  double saved_flop = 0;  // of `flop`, what a fast algorithm does without (fused/fast_filter.hpp)
  double executed_flop() const { return flop - saved_flop; }
  Cost& operator+=(const Cost& other) {
    flop += other.flop;
    min_bytes += other.min_bytes;
    saved_flop += other.saved_flop;
    return *this;
  }
};

using Arguments = std::unordered_map<int, dnnl::memory>;  // DNNL_ARG_* -> memory

// One image of the batch; where it lies in SRC and its result in DST (backward: DIFF_DST and DIFF_SRC),
// counted in images; who does it.
struct ImagePlace {
  std::size_t image = 0, from = 0, to = 0;
  int thread = 0;  // of the team: the part of SCRATCHPAD that is its own
};

struct Kernel {
  std::string kind;  // oneDNN's primitive kind, or a kernel of ours: "sgd", "bce_with_logits"
  std::string impl;  // oneDNN's impl_info_str, or "ours:..."
  Cost cost;
  bool skips_zeros = false;  // takes the less time, the more of SRC is 0; `cost` counts all of it
  std::map<int, dnnl::memory::desc> arguments;   // inputs, outputs, workspace and scratchpad it wants
  std::map<int, bool> is_output;                 // for each argument: written (true) or only read
  dnnl::primitive primitive;                     // empty when `native` is set
  std::function<void(const Arguments&)> native;  // our own code, no oneDNN primitive behind it
  // What `native` wants done with WEIGHTS and BIAS ahead of time; run it again whenever those have changed.
  std::function<void(const Arguments&)> prepare;
  // Memory of the kernel's own (weights that `prepare` packed, scales), which a oneDNN primitive takes in
  // place of the step's arguments.
  Arguments own;
  // Set where images do not depend on each other: one image, on the calling thread, and what is left when all
  // are done (may be empty). `native` is the two. Neighbouring steps can so hand an image on while it is in
  // the cache.
  std::function<void(const Arguments&, const ImagePlace&)> per_image;
  std::function<void(const Arguments&)> after_images;
  // Set where `native` begins with memory that the step before it might fetch, and where `native` computes so
  // much that it can: the plan gives the one's first_reads to the other's bring_ahead.
  FirstReads first_reads;
  std::function<void(const FirstReads&)> bring_ahead;
};

// When a step runs.
enum class Phase { pack, forward, loss, backward, update };
const char* name_of(Phase phase);  // "forward"
std::string to_string(Phase phase);

struct Step {
  std::string name;   // "conv1", "conv1.backward_weights", "pool1.src.reorder"
  std::string layer;  // "conv1": what profiles and tables group by
  Phase phase = Phase::forward;
  bool is_reorder = false;
  Kernel kernel;
  Arguments arguments;

  // Runs to completion on the calling thread's OpenMP team (CPU streams are in order).
  void execute(dnnl::stream& stream) const;
  bool is_ours() const { return !kernel.primitive; }
};

// A step of its own for `prepare`, of the pack phase; `arguments`: those of the kernel's step.
Step prepare_step(const Step& of);
// Once all arguments are bound and the step above is made: from now on the kernel's own memory.
void use_own_memory(Step& step);

// Throws UnsupportedError "layer conv1, layout nchw: oneDNN offers only 'ref:any' for convolution ..." when
// `impl` names a reference implementation and the context does not allow those.
void refuse_ref(const Context& context, const std::string& layer, const Kernel& kernel);
bool is_ref(const std::string& impl);

}  // namespace dsx::kernels

// A plan is made once: every primitive, reorder, workspace and scratchpad of a network at one batch size,
// bound to memory. After that, forward() and backward() only execute. Buffers whose lifetimes do not overlap
// share memory.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/onednn/kernel.hpp"

namespace dsx::net {

class Plan {
 public:
  // Steps by phase, in order of execution.
  const std::vector<kernels::Step>& pack_steps()
      const;  // weights -> this plan's private layouts; after every change of weights
  const std::vector<kernels::Step>& forward_steps() const;
  const std::vector<kernels::Step>& loss_steps() const;      // training: logits, labels -> loss, diff_logits
  const std::vector<kernels::Step>& backward_steps() const;  // training

  int batch() const;
  bool training() const;

  // What the input must look like: [N, C, H, W] f32, nhwc for Layout::nhwc, else nchw.
  const dnnl::memory::desc& src_md() const;
  std::size_t src_count() const;  // floats in one batch
  // Reads the batch in place from `images` (64-byte aligned, src_count() floats), which must stay alive until
  // the next call.
  void set_src(float* images);
  // labels: batch() values in {0, 1} (or soft labels in [0, 1]). Training plans only.
  void set_labels(std::span<const float> labels);

  void pack();  // call after weights changed (also done by the first forward)
  void forward();
  double loss();    // runs the loss steps after forward(); mean binary cross-entropy over the batch
  void backward();  // after loss(); leaves gradients in Parameters
  std::span<const float> logits() const;  // batch() values

  // Of a partial network. The result, and the gradient of the input, in plain order [N, C, H, W].
  std::vector<float> result() const;
  std::vector<float> input_gradient() const;
  // The gradient of the result, in plain order; call after construction and after poison().
  void set_result_gradient(std::span<const float> values);

  // Bytes in the arena after reuse, and what they would be without reuse.
  std::size_t arena_bytes() const;
  std::size_t unshared_bytes() const;

  // Fills the arena (not weights) with NaNs: a test's way to find reads of memory that nothing wrote.
  void poison();

  struct Impl;
  explicit Plan(std::unique_ptr<Impl> impl);
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

 private:
  std::unique_ptr<Impl> impl_;
};

// The table that `study plan` prints and run.h5 keeps: one row per step, from one field list.
struct PlanRow {
  std::string phase, step, layer, kind, impl, src, dst;  // src, dst: "32x6x316x316 f32 nhwc"
  bool reorder = false, ours = false;
  double mflop = 0, executed_mflop = 0, min_mb = 0;  // of the definition, of the kernel; MB is 1e6 bytes
  int padded_channels = 0;
};
std::vector<PlanRow> plan_rows(const Plan& plan);

// The one list of a row's fields: visit(name, value) for each. JSON, HDF5 and CSV are made from it.
template <typename Visit>
void for_each_field(const PlanRow& row, const Visit& visit) {
  visit("phase", row.phase);
  visit("step", row.step);
  visit("layer", row.layer);
  visit("kind", row.kind);
  visit("impl", row.impl);
  visit("src", row.src);
  visit("dst", row.dst);
  visit("reorder", row.reorder);
  visit("ours", row.ours);
  visit("mflop", row.mflop);
  visit("executed_mflop", row.executed_mflop);
  visit("min_mb", row.min_mb);
  visit("padded_channels", row.padded_channels);
}

}  // namespace dsx::net

// Executing a plan, and describing it as rows.
#include "net/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"
#include "net/plan/plan_impl.hpp"

namespace dsx::net {

using dnnl::memory;

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

const std::vector<kernels::Step>& Plan::pack_steps() const { return impl_->planned.pack; }
const std::vector<kernels::Step>& Plan::forward_steps() const { return impl_->planned.forward; }
const std::vector<kernels::Step>& Plan::loss_steps() const { return impl_->planned.loss; }
const std::vector<kernels::Step>& Plan::backward_steps() const { return impl_->planned.backward; }
int Plan::batch() const { return impl_->batch; }
bool Plan::training() const { return impl_->training; }
const memory::desc& Plan::src_md() const { return impl_->src_md; }
std::size_t Plan::src_count() const { return impl_->src_md.get_size() / sizeof(float); }
std::size_t Plan::arena_bytes() const { return impl_->planned.placed.arena_bytes; }
std::size_t Plan::unshared_bytes() const { return impl_->planned.placed.unshared_bytes; }

namespace {

void run(const std::vector<kernels::Step>& steps, dnnl::stream& stream) {
  for (const auto& step : steps) step.execute(stream);
}

}  // namespace

void Plan::set_src(float* images) {
  for (auto& src : impl_->planned.src) src.set_data_handle(images);
}

void Plan::set_labels(std::span<const float> labels) {
  if (!impl_->training || labels.size() != static_cast<std::size_t>(impl_->batch)) {
    throw std::logic_error("set_labels: a training plan takes one label per image of its batch");
  }
  std::copy(labels.begin(), labels.end(), static_cast<float*>(impl_->planned.labels.get_data_handle()));
}

void Plan::pack() {
  run(impl_->planned.pack, impl_->stream);
  impl_->packed = true;
}

void Plan::forward() {
  if (!impl_->packed) pack();
  run_steps(impl_->planned.forward, impl_->planned.forward_chains, impl_->batch, impl_->threads,
            impl_->stream);
}

double Plan::loss() {
  run(impl_->planned.loss, impl_->stream);
  return *static_cast<const float*>(impl_->planned.loss_value.get_data_handle());
}

void Plan::backward() {
  run_steps(impl_->planned.backward, impl_->planned.backward_chains, impl_->batch, impl_->threads,
            impl_->stream);
}

std::span<const float> Plan::logits() const {
  return {static_cast<const float*>(impl_->planned.logits.get_data_handle()),
          static_cast<std::size_t>(impl_->batch)};
}

namespace {

std::vector<float> plain_values(const memory& from) {
  const auto dims = from.get_desc().get_dims();
  std::vector<float> values(static_cast<std::size_t>(kernels::plain_md(dims).get_size() / sizeof(float)));
  memory plain(kernels::plain_md(dims), from.get_engine(), values.data());
  kernels::reorder_now(from, plain);
  return values;
}

}  // namespace

std::vector<float> Plan::result() const { return plain_values(impl_->planned.logits); }
std::vector<float> Plan::input_gradient() const { return plain_values(impl_->planned.input_gradient); }

void Plan::set_result_gradient(std::span<const float> values) {
  auto& target = impl_->planned.labels;
  const auto md = kernels::plain_md(target.get_desc().get_dims());
  if (values.size() * sizeof(float) != md.get_size())
    throw std::logic_error("set_result_gradient: wrong count");
  const memory plain(md, target.get_engine(), const_cast<float*>(values.data()));
  kernels::reorder_now(plain, target);
}

void Plan::poison() {
  // All bits set is a NaN in every floating-point type.
  std::memset(impl_->planned.placed.arena.get(), 0xff, impl_->planned.placed.arena_bytes);
}

namespace {

std::string first_md(const kernels::Kernel& kernel, std::initializer_list<int> arguments) {
  for (const int argument : arguments) {
    const auto found = kernel.arguments.find(argument);
    if (found == kernel.arguments.end()) continue;
    return kernels::dims_string(found->second.get_dims()) + " " + kernels::describe(found->second);
  }
  return "";
}

PlanRow row_of(const kernels::Step& step) {
  PlanRow row;
  row.phase = kernels::to_string(step.phase);
  row.step = step.name;
  row.layer = step.layer;
  row.kind = step.kernel.kind;
  row.impl = step.kernel.impl;
  const bool backward = step.kernel.arguments.count(DNNL_ARG_DIFF_DST) != 0;
  row.src = backward ? first_md(step.kernel, {DNNL_ARG_DIFF_DST}) : first_md(step.kernel, {DNNL_ARG_SRC});
  row.dst = backward ? first_md(step.kernel, {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS})
                     : first_md(step.kernel, {DNNL_ARG_DST});
  row.reorder = step.is_reorder;
  row.ours = step.is_ours();
  row.mflop = step.kernel.cost.flop / 1e6;
  row.executed_mflop = step.kernel.cost.executed_flop() / 1e6;
  row.min_mb = step.kernel.cost.min_bytes / 1e6;
  for (const auto& [argument, md] : step.kernel.arguments) {
    if (md.get_ndims() == 4 && argument != DNNL_ARG_WEIGHTS && argument != DNNL_ARG_DIFF_WEIGHTS) {
      row.padded_channels = std::max(row.padded_channels, kernels::padded_channels(md));
    }
  }
  return row;
}

}  // namespace

std::vector<PlanRow> plan_rows(const Plan& plan) {
  std::vector<PlanRow> rows;
  for (const auto* steps :
       {&plan.pack_steps(), &plan.forward_steps(), &plan.loss_steps(), &plan.backward_steps()}) {
    for (const auto& step : *steps) rows.push_back(row_of(step));
  }
  return rows;
}

}  // namespace dsx::net

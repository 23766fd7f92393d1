#include "bench/arms/chain.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

#include "kernels/base/counted.hpp"
#include "kernels/base/pages.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::bench {

using dnnl::memory;

memory make_memory(const kernels::Context& context, const memory::desc& md) {
  memory made(md, context.engine);
  advise_large_pages(made.get_data_handle(), md.get_size());
  std::memset(made.get_data_handle(), 0, md.get_size());
  return made;
}

bool same_bytes(const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  const auto blocked = memory::format_kind::blocked;
  if (a.get_format_kind() != blocked || b.get_format_kind() != blocked) return false;
  if (a.get_data_type() != b.get_data_type() || a.get_dims() != b.get_dims() || a.get_inner_nblks() != 0 ||
      b.get_inner_nblks() != 0 || a.get_padded_dims() != b.get_padded_dims() ||
      a.get_size() != b.get_size()) {
    return false;
  }
  const auto dims = a.get_dims(), a_strides = a.get_strides(), b_strides = b.get_strides();
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] != 1 && a_strides[d] != b_strides[d]) return false;
  }
  return true;
}

memory Chain::converted(const std::string& name, const memory& from, const memory::desc& wanted) {
  if (from.get_desc() == wanted) return from;
  if (same_bytes(from.get_desc(), wanted)) return memory(wanted, context_.engine, from.get_data_handle());
  auto arguments =
      add(name + ".reorder", kernels::reorder(context_, from.get_desc(), wanted), {{DNNL_ARG_FROM, from}});
  (preparing_ ? preparation_ : steps_).back().is_reorder = true;
  return arguments.at(DNNL_ARG_TO);
}

kernels::Arguments Chain::add(const std::string& name, kernels::Kernel kernel,
                              const kernels::Arguments& known) {
  kernels::Step step;
  step.name = name;
  step.layer = name.substr(0, name.find('.'));
  for (const auto& [argument, md] : kernel.arguments) {
    const auto found = known.find(argument);
    if (found != known.end()) {
      step.arguments[argument] =
          kernel.is_output.at(argument) ? found->second : converted(name, found->second, md);
    } else if (kernel.is_output.at(argument)) {
      step.arguments[argument] = make_memory(context_, md);
      between_.push_back(step.arguments[argument]);
    } else {
      throw std::logic_error(name + ": an input is not connected");
    }
  }
  step.kernel = std::move(kernel);
  auto arguments = step.arguments;
  if (step.kernel.prepare)
    preparation_.push_back(kernels::prepare_step(step));  // outside the timing, as in a plan
  kernels::use_own_memory(step);
  push(std::move(step));
  return arguments;
}

void Chain::push(kernels::Step step) { (preparing_ ? preparation_ : steps_).push_back(std::move(step)); }

void Chain::run_preparation() {
  for (const auto& step : preparation_) step.execute(context_.stream);
}
void Chain::run() {
  for (const auto& step : steps_) step.execute(context_.stream);
}

kernels::Cost Chain::cost() const {
  kernels::Cost cost;
  for (const auto& step : steps_) {
    if (!step.is_reorder) cost += step.kernel.cost;
  }
  return cost;
}

int Chain::reorders() const {
  int count = 0;
  for (const auto& step : steps_) count += step.is_reorder ? 1 : 0;
  return count;
}

namespace {

// The descriptor that says most about a step: what it reads, or what it writes.
std::string first_layout(const kernels::Kernel& kernel, std::initializer_list<int> arguments) {
  for (const int argument : arguments) {
    if (const auto found = kernel.arguments.find(argument); found != kernel.arguments.end())
      return kernels::describe(found->second);
  }
  return "-";
}

}  // namespace

std::string Chain::label() const {
  std::string text;
  for (const auto& step : steps_) {
    const auto& kernel = step.kernel;
    const bool backward = kernel.arguments.count(DNNL_ARG_DIFF_DST) != 0;
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : " | ", kernel.impl,
                        first_layout(kernel, {backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC}),
                        backward ? first_layout(kernel, {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS})
                                 : first_layout(kernel, {DNNL_ARG_DST}));
  }
  return text + "; " + counted(reorders(), "reorder");
}

float pattern_value(std::size_t index, unsigned salt) {
  auto x = static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15ULL + salt * 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 31;
  x *= 0x94d049bb133111ebULL;
  x ^= x >> 29;
  return static_cast<float>(static_cast<int>(x % 255) - 127) / 32.0F;
}

std::vector<float> pattern(std::size_t count, unsigned salt) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = pattern_value(i, salt);
  return values;
}

std::size_t element_count(const memory::dims& dims) {
  std::size_t count = 1;
  for (const auto d : dims) count *= static_cast<std::size_t>(d);
  return count;
}

void write_plain(const kernels::Context& context, std::vector<float>& values, memory to) {
  memory plain(kernels::plain_md(to.get_desc().get_dims()), context.engine, values.data());
  kernels::reorder_now(plain, to);
}

std::vector<float> read_plain(const kernels::Context& context, const memory& from) {
  const auto dims = from.get_desc().get_dims();
  std::vector<float> values(element_count(dims));
  memory plain(kernels::plain_md(dims), context.engine, values.data());
  kernels::reorder_now(from, plain);
  return values;
}

void fill_with_nan(const memory& to) { std::memset(to.get_data_handle(), 0xff, to.get_desc().get_size()); }

}  // namespace dsx::bench

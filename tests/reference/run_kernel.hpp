// Runs one kernel on plain arrays: inputs are reordered to what the kernel wants, outputs start as NaN (a
// kernel that leaves something unwritten is found) and come back in plain order.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "kernels/onednn/kernel.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/reorder.hpp"
#include "tests/reference/print_layout.hpp"
#include "tests/reference/reference.hpp"

namespace dsx::reference {

inline void fill_nan(dnnl::memory& memory) {
  std::memset(memory.get_data_handle(), 0xff, memory.get_desc().get_size());
}

inline std::vector<double> to_plain(const dnnl::memory& memory) {
  const auto dims = memory.get_desc().get_dims();
  std::vector<float> values(static_cast<std::size_t>(
      std::accumulate(dims.begin(), dims.end(), dnnl::memory::dim{1}, std::multiplies<>())));
  dnnl::memory plain(kernels::plain_md(dims), memory.get_engine(), values.data());
  kernels::reorder_now(memory, plain);
  return {values.begin(), values.end()};
}

inline dnnl::memory from_plain(const kernels::Context& context, std::span<const double> values,
                               const dnnl::memory::desc& md) {
  std::vector<float> floats(values.begin(), values.end());
  dnnl::memory plain(kernels::plain_md(md.get_dims()), context.engine, floats.data());
  dnnl::memory packed(md, context.engine);
  kernels::reorder_now(plain, packed);
  return packed;
}

using Values = std::map<int, std::vector<double>>;

// `carry` passes opaque memories (workspaces) from a forward run to its backward run.
inline Values run_kernel(const kernels::Context& context, const kernels::Kernel& kernel, const Values& inputs,
                         kernels::Arguments* carry = nullptr, const kernels::Arguments& constants = {}) {
  kernels::Step step;
  step.kernel = kernel;
  for (const auto& [argument, md] : kernel.arguments) {
    const bool output = kernel.is_output.at(argument);
    if (constants.count(argument) != 0) {
      step.arguments[argument] = constants.at(argument);
    } else if (!output && argument == DNNL_ARG_WORKSPACE) {
      step.arguments[argument] = carry->at(argument);
    } else if (!output) {
      step.arguments[argument] = from_plain(context, inputs.at(argument), md);
    } else {
      step.arguments[argument] = dnnl::memory(md, context.engine);
      fill_nan(step.arguments[argument]);
    }
  }
  auto stream = context.stream;
  if (step.kernel.prepare) kernels::prepare_step(step).execute(stream);
  kernels::use_own_memory(step);
  step.execute(stream);
  Values outputs;
  for (const auto& [argument, md] : kernel.arguments) {
    if (!kernel.is_output.at(argument) || argument == DNNL_ARG_SCRATCHPAD) continue;
    if (argument == DNNL_ARG_WORKSPACE) {
      if (carry != nullptr) (*carry)[argument] = step.arguments[argument];
    } else {
      outputs[argument] = to_plain(step.arguments[argument]);
    }
  }
  return outputs;
}

inline std::size_t count_of(const dnnl::memory::dims& dims) {
  std::size_t count = 1;
  for (const auto d : dims) count *= static_cast<std::size_t>(d);
  return count;
}

// As float32 holds them.
inline std::vector<double> normal_values(std::size_t count, unsigned seed, double scale) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.F, static_cast<float>(scale));
  std::vector<double> values(count);
  for (auto& value : values) value = normal(random);
  return values;
}

// Whole numbers in [-3, 3]: sums and products stay exact in float32, so results must be equal, not close.
inline std::vector<double> integers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> values(count);
  for (auto& value : values) value = static_cast<int>(random() % 7) - 3;
  return values;
}
// Distinct values in random order: no ties for max.
inline std::vector<double> distinct(std::size_t count, unsigned seed) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), -static_cast<double>(count / 2));
  std::shuffle(values.begin(), values.end(), std::mt19937(seed));
  return values;
}
inline Array array_of(const dnnl::memory::dims& dims, std::vector<double> values) {
  Array a(static_cast<int>(dims[0]), static_cast<int>(dims[1]),
          dims.size() > 2 ? static_cast<int>(dims[2]) : 1, dims.size() > 3 ? static_cast<int>(dims[3]) : 1);
  a.v = std::move(values);
  return a;
}

inline void expect_near(const std::vector<double>& actual, const std::vector<double>& expected,
                        double tolerance, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_LE(std::abs(actual[i] - expected[i]), tolerance)
        << what << " differs at " << i << ": " << actual[i] << " against " << expected[i];
  }
}
inline void expect_equal(const std::vector<double>& actual, const std::vector<double>& expected,
                         const std::string& what) {
  expect_near(actual, expected, 0, what);
}

// Tests run reference implementations too: shapes here are small.
inline kernels::Context test_context(kernels::Layout layout) {
  kernels::Context context;
  context.layout = layout;
  context.allow_ref = true;
  return context;
}
inline std::vector<kernels::Layout> all_layouts() {
  return {kernels::Layout::nhwc, kernels::Layout::nchw, kernels::Layout::blocked, kernels::Layout::any};
}
// `any` has no descriptor of its own: where a kernel needs a concrete one, nchw stands for what came before.
inline dnnl::memory::desc concrete_md(const dnnl::memory::dims& dims, kernels::Layout layout) {
  return kernels::activation_md(dims, dnnl::memory::data_type::f32,
                                layout == kernels::Layout::any ? kernels::Layout::nchw : layout);
}

}  // namespace dsx::reference

// The study's fc1 as arms: it streams 45.5 MB of weights, the largest single read of the network.
#include "bench/arms/fc1_arms.hpp"

#include <fmt/format.h>

#include <cmath>

#include "bench/arms/block.hpp"
#include "bench/arms/chain.hpp"
#include "bench/arms/int8_values.hpp"
#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/int8_weighted.hpp"
#include "net/shapes.hpp"

namespace dsx::bench {

using dnnl::memory;

namespace {

// fc1 of the built-in network for one image size: [N, 16, 77, 77] -> [N, 120].
kernels::InnerProductShape fc1_shape(int batch) {
  const auto spec = net::load_network_spec("lenet");
  const std::string& any = downsample::downsample_table().front().name;  // all make the same shapes
  const auto shapes = net::infer_shapes(spec, any, {batch, 1, 320, 320});
  for (const net::LayerShape& shape : shapes) {
    if (shape.dst.size() == 2) return kernels::inner_product_shape(shape.src, static_cast<int>(shape.dst[1]));
  }
  throw std::logic_error("the built-in network has no Linear layer");
}

struct Values {
  std::vector<float> src, weights, bias, diff_dst;
  std::size_t inputs = 0, outputs = 0, batch = 0;
};

Values values_of(const kernels::InnerProductShape& shape) {
  Values v;
  v.src = pattern(element_count(shape.src), 1);
  v.weights = pattern(element_count(shape.weights), 2);
  v.bias = pattern(element_count({shape.dst[1]}), 3);
  v.diff_dst = pattern(element_count(shape.dst), 4);
  v.batch = static_cast<std::size_t>(shape.dst[0]);
  v.outputs = static_cast<std::size_t>(shape.dst[1]);
  v.inputs = v.src.size() / v.batch;
  return v;
}

void compare(double computed, double expected, double magnitude, memory::data_type type,
             const std::string& what) {
  const double rounding = type == memory::data_type::bf16 ? 0x1p-6 : 0x1p-20;
  if (!(std::abs(computed - expected) <= rounding * (magnitude + std::abs(expected)))) {
    throw WrongResult(
        fmt::format("fc1: {} is {}, the definition gives {}: not timed", what, computed, expected));
  }
}

// A few dot products of each kind, from the formulas in kernels/onednn/inner_product.hpp.
void check(const Values& v, Direction direction, const std::vector<float>& result, memory::data_type type) {
  constexpr std::size_t kChecked = 48;
  for (std::size_t k = 0; k < kChecked; ++k) {
    double sum = 0, magnitude = 0;
    const auto add = [&](double a, double b) {
      sum += a * b;
      magnitude += std::abs(a * b);
    };
    const std::size_t n = k % v.batch, o = k * 7 % v.outputs, i = k * 104729 % v.inputs;
    std::size_t at = 0;
    if (direction == Direction::backward_data) {
      for (std::size_t out = 0; out < v.outputs; ++out)
        add(v.diff_dst[n * v.outputs + out], v.weights[out * v.inputs + i]);
      at = n * v.inputs + i;
    } else if (direction == Direction::backward_weights) {
      for (std::size_t image = 0; image < v.batch; ++image)
        add(v.diff_dst[image * v.outputs + o], v.src[image * v.inputs + i]);
      at = o * v.inputs + i;
    } else {
      add(v.bias[o], 1);
      for (std::size_t in = 0; in < v.inputs; ++in)
        add(v.src[n * v.inputs + in], v.weights[o * v.inputs + in]);
      sum = std::max(sum, 0.0);
      at = n * v.outputs + o;
    }
    // f32 sums of 94,864 products in another order differ by a fraction of their magnitude.
    compare(result[at], sum, magnitude, type, fmt::format("{} at {}", to_string(direction), at));
  }
}

// Of int8: whole numbers, whose scale is 1, to f32.
kernels::Kernel forward_kernel(const kernels::Context& context, const kernels::InnerProductShape& shape,
                               kernels::Pass pass, const memory::desc& src_md) {
  const kernels::ConvOptions options{pass, true, true};
  if (context.dtype == memory::data_type::u8)
    return kernels::inner_product_forward_int8(context, "fc1", shape, options, {.src = {}}, src_md);
  return kernels::inner_product_forward(context, "fc1", shape, options, src_md, context.dtype);
}

Work build_fc1(const CommonAxes& common, Direction direction, bool allow_ref) {
  const kernels::Context context = context_of(common, allow_ref);
  auto chain = std::make_shared<Chain>(context);
  const auto shape = fc1_shape(common.batch);
  const bool int8 = context.dtype == memory::data_type::u8;
  if (int8 && direction != Direction::inference) throw UnsupportedError("int8 is for inference");
  Values v = values_of(shape);
  if (int8)
    for (float& value : v.src) value = value * 32 + 127;
  // What the forward kernel chooses decides the layouts of weights and source, as in a network.
  const auto wanted = kernels::activation_md(shape.src, context.dtype, context.layout);
  const auto pass = direction == Direction::inference ? kernels::Pass::inference : kernels::Pass::training;
  auto forward = forward_kernel(context, shape, pass, wanted);
  const auto src_md = forward.arguments.at(DNNL_ARG_SRC), weights_md = forward.arguments.at(DNNL_ARG_WEIGHTS);
  const auto filled = [&](const memory::desc& md, std::vector<float>& plain) {
    auto made = make_memory(context, md);
    write_plain(context, plain, made);
    return made;
  };
  Work work;
  const auto add = [&](kernels::Kernel kernel, int result) {
    kernels::Arguments known;
    for (const auto& [argument, md] : kernel.arguments) {
      if (kernel.is_output.at(argument)) continue;
      if (argument == DNNL_ARG_SRC) known[argument] = filled(md, v.src);
      if (argument == DNNL_ARG_DIFF_DST) known[argument] = filled(md, v.diff_dst);
      if (argument == DNNL_ARG_WEIGHTS) known[argument] = filled(md, v.weights);
      if (argument == DNNL_ARG_BIAS) known[argument] = filled(md, v.bias);
      const bool is_weight = argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_BIAS;
      (is_weight ? work.buffers.weights : work.buffers.source).push_back(known.at(argument));
    }
    if (int8) work.buffers.weights = {kernel.own.at(DNNL_ARG_WEIGHTS), kernel.own.at(DNNL_ARG_BIAS)};
    return chain->add("fc1", std::move(kernel), known).at(result);
  };
  memory result;
  if (direction == Direction::backward_data) {
    result = add(kernels::inner_product_backward_data(context, "fc1", shape, weights_md, src_md),
                 DNNL_ARG_DIFF_SRC);
  } else if (direction == Direction::backward_weights) {
    result = add(kernels::inner_product_backward_weights(context, "fc1", shape, true, src_md, weights_md),
                 DNNL_ARG_DIFF_WEIGHTS);
  } else {
    result = add(std::move(forward), DNNL_ARG_DST);
  }
  if (int8) round_to_int8(v.weights, v.outputs);
  fill_with_nan(result);
  chain->run_preparation();
  chain->run();
  check(v, direction, read_plain(context, result), context.dtype);
  work.buffers.destination = {result};
  for (const auto& memory : chain->between()) {
    if (memory.get_data_handle() != result.get_data_handle()) work.buffers.between.push_back(memory);
  }
  work.run = [chain] { chain->run(); };
  work.cost = chain->cost();
  work.label = chain->label();
  work.reorders = chain->reorders();
  work.steps = chain->steps();
  work.keep = chain;
  return work;
}

}  // namespace

std::vector<ArmEntry> fc1_arms(const Axes& axes) {
  std::vector<ArmEntry> arms;
  for (const auto& direction : direction_names()) {
    if (!chosen(axes.directions, direction)) continue;
    for_common_axes(axes, [&](const CommonAxes& common) {
      const auto type = kernels::data_type_from_string(common.dtype);
      arms.push_back({arm_name("fc1", common, direction), common.threads, type,
                      cache_state_from_string(common.cache), [=, allow_ref = axes.allow_ref] {
                        kernels::require_dtype(type);
                        return build_fc1(common, direction_from_string(direction), allow_ref);
                      }});
    });
  }
  return arms;
}

}  // namespace dsx::bench

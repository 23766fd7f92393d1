// Parameters' life: declaration, initialisation, and the plans that share them.
#include "net/network.hpp"

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "net/declare_parameters.hpp"
#include "net/network_graph.hpp"
#include "net/plan/plan_impl.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims input_dims(const NetworkOptions& options, int batch) {
  return {batch, options.channels, options.height, options.width};
}

}  // namespace

Network::Network(kernels::Context context, NetworkSpec spec, NetworkOptions options)
    : context_(std::move(context)), spec_(std::move(spec)), options_(std::move(options)) {
  if (options_.channels < 1 || options_.height < 1 || options_.width < 1) {
    throw ConfigError(fmt::format("network input {}x{}x{}: every size must be at least 1", options_.channels,
                                  options_.height, options_.width));
  }
  parameters_ =
      declare_parameters(context_, spec_, options_.variant, input_dims(options_, 1), options_.partial);
}

const kernels::Context& Network::context() const { return context_; }
const NetworkSpec& Network::spec() const { return spec_; }
const NetworkOptions& Network::options() const { return options_; }
Parameters& Network::parameters() { return parameters_; }
const Parameters& Network::parameters() const { return parameters_; }
const std::optional<Quantization>& Network::quantization() const { return quantization_; }

void Network::quantize(Quantization quantization) { quantization_ = std::move(quantization); }

void Network::init(std::uint64_t seed) {
  // One generator in declaration order: variants have the same parameters, so a seed gives them the same
  // weights.
  std::mt19937_64 random(seed);
  for (auto& parameter : parameters_.all) {
    std::vector<float> values(parameter.count());
    if (parameter.constant) {
      std::fill(values.begin(), values.end(), *parameter.constant);
    } else {
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.fan_in));
      // 53 random bits to [0, 1): the same on every standard library, unlike uniform_real_distribution.
      for (auto& value : values)
        value = static_cast<float>((static_cast<double>(random() >> 11) * 0x1p-53 * 2 - 1) * bound);
    }
    parameter.set(values);
  }
}

Plan Network::make_plan(int batch, bool training) {
  return plan_with(downsample::downsample_op(options_.variant), batch, training);
}

Plan Network::make_plan_with(const downsample::DownsampleOp& op, int batch) {
  return plan_with(op, batch, false);
}

Plan Network::make_f32_plan(int batch) {
  auto context = context_;
  context.dtype = dnnl::memory::data_type::f32;
  context.fused = false;  // every layer's result is seen, and engines have the same scales
  return build_plan(context, downsample::downsample_op(options_.variant), batch,
                    {.partial = options_.partial});
}

Plan Network::plan_with(const downsample::DownsampleOp& op, int batch, bool training) {
  GraphOptions options{training, !std::exchange(has_plan_, true), options_.partial, options_.input_gradient};
  if (context_.dtype != dnnl::memory::data_type::u8) return build_plan(context_, op, batch, options);
  if (!quantization_) throw std::logic_error("an int8 network is quantized before its first plan");
  auto context = context_;
  context.dtype = dnnl::memory::data_type::f32;  // of what is not quantized
  options.quantization = &*quantization_;
  return build_plan(context, op, batch, options);
}

Plan Network::build_plan(const kernels::Context& context, const downsample::DownsampleOp& op, int batch,
                         const GraphOptions& options) {
  if (batch < 1) throw ConfigError(fmt::format("batch is {}: it must be at least 1", batch));
  const auto graph = build_graph(context, spec_, op, input_dims(options_, batch), options, parameters_);
  auto impl = std::make_unique<Plan::Impl>();
  impl->stream = context.stream;
  impl->src_md = graph.tensors[graph.input].md;
  impl->batch = batch;
  impl->threads = kernels::max_threads();
  impl->training = options.training;
  impl->planned = plan_memory(context, graph, parameters_, options.training);
  return Plan(std::move(impl));
}

Network make_lenet(kernels::Context context, const std::string& variant, std::uint64_t seed) {
  NetworkOptions options;
  options.variant = variant;
  Network network(std::move(context), load_network_spec("lenet"), options);
  network.init(seed);
  return network;
}

}  // namespace dsx::net

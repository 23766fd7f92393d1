// A network: its parameters, and the plans that compute with them. One Network may hold several plans
// (training at batch 32, inference at 32 and at 1); they share the parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/onednn/context.hpp"
#include "net/graph/parameters.hpp"
#include "net/graph/quantization.hpp"
#include "net/plan/plan.hpp"
#include "net/spec.hpp"

namespace dsx::net {

struct NetworkOptions {
  std::string variant = "avgpool";  // row of downsample_table()
  int channels = 1, height = 320, width = 320;
  // A part of a network (one block, one operator): any last layer, no loss. Training plans then take the
  // gradient of the result from the caller, and compute the gradient of the input when `input_gradient`.
  bool partial = false;
  bool input_gradient = false;
};

struct GraphOptions;

class Network {
 public:
  // Builds the parameters (uninitialised: call init or load). Throws ConfigError when shapes do not fit.
  Network(kernels::Context context, NetworkSpec spec, NetworkOptions options);

  const kernels::Context& context() const;
  const NetworkSpec& spec() const;
  const NetworkOptions& options() const;

  // PyTorch's default initialisation per layer (kaiming_uniform with a = sqrt(5): U(-1/sqrt(fan_in),
  // 1/sqrt(fan_in)) for weights and biases; BatchNorm2d weight 1, bias 0).
  void init(std::uint64_t seed);

  Parameters& parameters();
  const Parameters& parameters() const;

  // Of a network whose context has the type u8, before its first plan: the scales of its activations
  // (calibration.hpp).
  void quantize(Quantization quantization);
  const std::optional<Quantization>& quantization() const;
  // Inference in f32 with the weights of an int8 network: what calibrates it.
  Plan make_f32_plan(int batch);

  // Makes a plan. Training plans also hold gradients' buffers and the backward steps.
  Plan make_plan(int batch, bool training);

  // A plan for inference that runs this network's parameters with another operator: all operators share all
  // parameters. `op` need not be in the table; it must outlive the plan. UnsupportedError: it has no kernel
  // here.
  Plan make_plan_with(const downsample::DownsampleOp& op, int batch);

 private:
  Plan plan_with(const downsample::DownsampleOp& op, int batch, bool training);
  Plan build_plan(const kernels::Context& context, const downsample::DownsampleOp& op, int batch,
                  const GraphOptions& options);

  kernels::Context context_;
  NetworkSpec spec_;
  NetworkOptions options_;
  Parameters parameters_;
  std::optional<Quantization> quantization_;
  bool has_plan_ = false;  // the first plan chose the masters' layouts
};

// lenet for one channel and 320 x 320 with the weights that `seed` gives: what benchmarks and explanations
// time.
Network make_lenet(kernels::Context context, const std::string& variant, std::uint64_t seed);

}  // namespace dsx::net

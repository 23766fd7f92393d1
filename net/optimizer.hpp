// SGD (the default) and Adam over a network's parameters, in PyTorch's definitions, and learning-rate
// schedules.
#pragma once

#include <dnnl.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/graph/parameters.hpp"

namespace dsx::net {

struct OptimizerOptions {
  std::string name = "sgd";  // sgd | adam
  double lr = 0.01;
  double momentum = 0.9;    // sgd
  bool nesterov = false;    // sgd
  double weight_decay = 0;  // added to the gradient (L2), as torch.optim.SGD and Adam do
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // adam
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Optional, before backward(): kernels that can apply this step's update while they compute the gradient
  // then do, and step() leaves their parameters alone. The result is bitwise the same; those parameters'
  // gradients are not written.
  virtual void update_in_backward(double /*lr*/) {}
  virtual void step(double lr) = 0;  // one update from the gradients in the parameters
  // State by name in PyTorch's order ("momentum_buffer/conv1.weight", "exp_avg/...", "step"), for
  // checkpoints.
  virtual std::map<std::string, std::vector<float>> state() const = 0;
  virtual void load_state(const std::map<std::string, std::vector<float>>& state) = 0;  // throws DataError
};
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, Parameters& parameters);

struct ScheduleOptions {
  std::string name = "constant";  // constant | step | cosine
  double warmup_epochs = 0;       // linear from 0
  int step_epochs = 10;           // step: multiply by gamma every so many epochs after the warm-up
  double gamma = 0.1;
};
// Learning rate at `epoch` (fractional: 2.5 is half-way through the third) of `epochs`.
double learning_rate(const ScheduleOptions& schedule, double base_lr, double epoch, double epochs);

}  // namespace dsx::net

// Optimizers as one pass over each parameter, in its own layout: padding stays zero because its gradient is
// zero. Each element is computed by itself, so results do not depend on the number of threads.
#include "net/optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "kernels/base/error.hpp"
#include "kernels/onednn/paged_memory.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

// The buffers of one parameter as flat arrays of the same length.
struct Flat {
  float* value;
  const float* grad;
  std::int64_t count;
};

Flat flat_of(const Parameter& p) {
  return {static_cast<float*>(p.value.get_data_handle()), static_cast<const float*>(p.grad.get_data_handle()),
          static_cast<std::int64_t>(p.value.get_desc().get_size() / sizeof(float))};
}

float* data_of(const memory& m) { return static_cast<float*>(m.get_data_handle()); }

memory zeros_like(const memory& like) {
  auto zeros = kernels::make_paged_memory(like.get_desc(), like.get_engine());
  std::fill_n(data_of(zeros), zeros.get_desc().get_size() / sizeof(float), 0.f);
  return zeros;
}

// State buffers shaped like the trainable parameters, made at the first step because the first training plan
// decides the layouts.
class StateBuffers {
 public:
  explicit StateBuffers(std::string name) : name_(std::move(name)) {}

  void prepare(const Parameters& parameters) {
    if (!buffers_.empty()) return;
    for (const auto& p : parameters.all) buffers_.push_back(p.trainable ? zeros_like(p.value) : memory());
  }
  float* data(std::size_t i) { return data_of(buffers_[i]); }

  void save(const Parameters& parameters, std::map<std::string, std::vector<float>>& state) const {
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i]) state[name_ + "/" + parameters.all[i].name] = parameters.all[i].unpack(buffers_[i]);
    }
  }
  void load(const Parameters& parameters, const std::map<std::string, std::vector<float>>& state) {
    prepare(parameters);
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (!buffers_[i]) continue;
      const auto key = name_ + "/" + parameters.all[i].name;
      const auto found = state.find(key);
      if (found == state.end()) throw DataError(fmt::format("the optimizer's state lacks '{}'", key));
      parameters.all[i].pack(found->second, buffers_[i]);
    }
  }

 private:
  std::string name_;
  std::vector<memory> buffers_;
};

// torch.optim.SGD without dampening.
class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, Parameters& parameters) : options_(options), parameters_(parameters) {}

  void update_in_backward(double lr) override {
    momentum_.prepare(parameters_);
    for (std::size_t i = 0; i < parameters_.all.size(); ++i) {
      const auto& p = parameters_.all[i];
      if (!p.update || !p.trainable) continue;
      *p.update = {true, false, rule(lr), flat_of(p).value, momentum_.data(i)};
    }
  }

  void step(double lr) override {
    momentum_.prepare(parameters_);
    for (std::size_t i = 0; i < parameters_.all.size(); ++i) {
      auto& p = parameters_.all[i];
      const bool done = p.update && p.update->applied;
      if (p.update) *p.update = {};
      if (p.trainable && !done) update(flat_of(p), momentum_.data(i), rule(lr));
    }
  }

  std::map<std::string, std::vector<float>> state() const override {
    std::map<std::string, std::vector<float>> state;
    momentum_.save(parameters_, state);
    return state;
  }
  void load_state(const std::map<std::string, std::vector<float>>& state) override {
    momentum_.load(parameters_, state);
  }

 private:
  kernels::SgdRule rule(double lr) const {
    return {static_cast<float>(lr), static_cast<float>(options_.momentum),
            static_cast<float>(options_.weight_decay), options_.nesterov};
  }

  static void update(const Flat& p, float* buffer, const kernels::SgdRule& rule) {
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < p.count; ++i) kernels::sgd_update(rule, p.grad[i], p.value[i], buffer[i]);
  }

  OptimizerOptions options_;
  Parameters& parameters_;
  StateBuffers momentum_{"momentum_buffer"};
};

// torch.optim.Adam (Kingma & Ba 2015) with L2 weight decay, without amsgrad.
class Adam : public Optimizer {
 public:
  Adam(const OptimizerOptions& options, Parameters& parameters)
      : options_(options), parameters_(parameters) {}

  void step(double lr) override {
    first_.prepare(parameters_);
    second_.prepare(parameters_);
    ++steps_;
    const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(steps_));
    const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(steps_));
    for (std::size_t i = 0; i < parameters_.all.size(); ++i) {
      if (!parameters_.all[i].trainable) continue;
      update(flat_of(parameters_.all[i]), first_.data(i), second_.data(i),
             static_cast<float>(lr / correction1), static_cast<float>(1 / std::sqrt(correction2)));
    }
  }

  std::map<std::string, std::vector<float>> state() const override {
    std::map<std::string, std::vector<float>> state;
    first_.save(parameters_, state);
    second_.save(parameters_, state);
    state["step"] = {static_cast<float>(steps_)};
    return state;
  }
  void load_state(const std::map<std::string, std::vector<float>>& state) override {
    const auto step = state.find("step");
    if (step == state.end() || step->second.size() != 1)
      throw DataError("the optimizer's state lacks 'step'");
    first_.load(parameters_, state);
    second_.load(parameters_, state);
    steps_ = static_cast<std::int64_t>(step->second.front());
  }

 private:
  void update(const Flat& p, float* m, float* v, float scaled_lr, float root_scale) const {
    const float beta1 = static_cast<float>(options_.beta1), beta2 = static_cast<float>(options_.beta2);
    const float rest1 = static_cast<float>(1 - options_.beta1),
                rest2 = static_cast<float>(1 - options_.beta2);
    const float decay = static_cast<float>(options_.weight_decay), eps = static_cast<float>(options_.eps);
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < p.count; ++i) {
      const float g = p.grad[i] + decay * p.value[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      p.value[i] -= scaled_lr * m[i] / (std::sqrt(v[i]) * root_scale + eps);
    }
  }

  OptimizerOptions options_;
  Parameters& parameters_;
  StateBuffers first_{"exp_avg"}, second_{"exp_avg_sq"};
  std::int64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, Parameters& parameters) {
  if (options.name == "sgd") return std::make_unique<Sgd>(options, parameters);
  if (options.name == "adam") return std::make_unique<Adam>(options, parameters);
  throw ConfigError(fmt::format("optimizer '{}' is not known: use sgd or adam", options.name));
}

double learning_rate(const ScheduleOptions& schedule, double base_lr, double epoch, double epochs) {
  if (epoch < schedule.warmup_epochs) return base_lr * epoch / schedule.warmup_epochs;
  if (schedule.name == "constant") return base_lr;
  if (schedule.name == "step")
    return base_lr *
           std::pow(schedule.gamma, std::floor((epoch - schedule.warmup_epochs) / schedule.step_epochs));
  if (schedule.name == "cosine") {
    // Half a cosine from the end of the warm-up to the last epoch (Loshchilov & Hutter 2017, one cycle).
    const double span = epochs - schedule.warmup_epochs;
    const double done = span > 0 ? std::min(1.0, (epoch - schedule.warmup_epochs) / span) : 1.0;
    return base_lr * 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  throw ConfigError(fmt::format("schedule '{}' is not known: use constant, step or cosine", schedule.name));
}

}  // namespace dsx::net

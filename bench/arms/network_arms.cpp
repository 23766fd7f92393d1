#include "bench/arms/network_arms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/arms/chain.hpp"
#include "bench/arms/network_reference.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "net/calibration.hpp"
#include "net/network.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"

namespace dsx::bench {

using dnnl::memory;

namespace {

constexpr double kLearningRate = 1e-6;  // weights must hardly move over thousands of timed steps

// What the definition gives for the two images of every check: the same for all layouts, batches and
// directions, so it is computed once per operator.
struct ReferenceValues {
  double logits[2];
  struct Gradient {
    std::string parameter;
    std::size_t index;
    double of_image[2];  // label 0 for the first, 1 for the second
  };
  std::vector<Gradient> gradients;
};

const ReferenceValues& reference_values(const net::Network& network,
                                        const std::vector<std::vector<float>>& images) {
  static std::map<std::string, ReferenceValues> known;
  const auto found = known.find(network.options().variant);
  if (found != known.end()) return found->second;
  NetworkReference reference(network);
  ReferenceValues values{{reference.logit(images[0]), reference.logit(images[1])}, {}};
  // Small: a step takes some activations across the ReLU's kink, and their terms are larger than their sum.
  constexpr double kStep = 1e-7;
  for (const auto& p : network.parameters().all) {
    // The convolutions' gradients went through all other layers.
    if (!p.trainable || p.name.find("conv") == std::string::npos) continue;
    ReferenceValues::Gradient gradient{p.name, p.count() / 2, {}};
    for (int i = 0; i < 2; ++i) {
      const float label = static_cast<float>(i);
      const auto loss = [&](double delta) {
        return reference.loss({images[i]}, {&label, 1}, p.name, gradient.index, delta);
      };
      gradient.of_image[i] = (loss(kStep) - loss(-kStep)) / (2 * kStep);
    }
    values.gradients.push_back(gradient);
  }
  return known.emplace(network.options().variant, values).first->second;
}

// Two images and two labels, alternating over the batch, so that a check needs two images' reference only.
class NetworkWork {
 public:
  NetworkWork(const std::string& variant, const std::string& direction, const CommonAxes& common,
              bool allow_ref)
      : direction_(direction),
        network_(make_network(variant, common, allow_ref)),
        images_(two_images(network_.options())),
        plan_(make_plan(common.batch)),
        source_(source_of(plan_)) {
    for (int n = 0; n < common.batch; ++n) labels_.push_back(static_cast<float>(n % 2));
    if (plan_.training()) plan_.set_labels(labels_);
    net::OptimizerOptions sgd;
    sgd.lr = kLearningRate;
    optimizer_ = net::make_optimizer(sgd, network_.parameters());
  }

  void run() {
    if (direction_ == "backward") return plan_.backward();
    if (direction_ == "update") return optimizer_->step(kLearningRate);
    if (direction_ == "training_step") {
      net::training_step(plan_, *optimizer_, kLearningRate);
    } else {
      plan_.forward();
    }
  }

  bool needs_forward() const { return direction_ == "backward"; }
  void forward_and_loss() { net::forward_and_loss(plan_); }

  void check(memory::data_type type) {
    const auto& reference = reference_values(network_, images_);
    plan_.forward();
    const auto& expected = reference.logits;
    const double tolerance = type == memory::data_type::f32 ? 1e-5 : 2e-2;
    for (std::size_t n = 0; n < labels_.size(); ++n) {
      const double logit = plan_.logits()[n];
      if (!(std::abs(logit - expected[n % 2]) <= tolerance * (1 + 10 * std::abs(expected[n % 2])))) {
        throw WrongResult(fmt::format("network {}: logit {} is {}, the definition gives {}: not timed",
                                      network_.options().variant, n, logit, expected[n % 2]));
      }
    }
    if (!plan_.training()) return;
    plan_.loss();
    plan_.backward();
    check_gradients(reference, type);
    if (direction_ == "update" || direction_ == "training_step") check_update();
  }

  Work work(std::shared_ptr<NetworkWork> self) const {
    Work result;
    result.run = [self] { self->run(); };
    if (needs_forward()) result.prepare = [self] { self->forward_and_loss(); };
    result.steps = steps();
    for (const auto& step : result.steps) {
      if (step.is_reorder) {
        ++result.reorders;
      } else {
        result.cost += step.kernel.cost;
      }
    }
    if (direction_ == "update" || direction_ == "training_step") result.cost += update_cost();
    result.label = label(result);
    fill_buffers(result.buffers);
    result.keep = self;
    return result;
  }

 private:
  static net::Network make_network(const std::string& variant, const CommonAxes& common, bool allow_ref) {
    return net::make_lenet(context_of(common, allow_ref), variant, 1);
  }
  static std::vector<std::vector<float>> two_images(const net::NetworkOptions& options) {
    const auto pixels = static_cast<std::size_t>(options.channels) * options.height * options.width;
    std::vector<std::vector<float>> images;
    for (unsigned i = 0; i < 2; ++i) {
      images.push_back(pattern(pixels, 11 + i));
      for (auto& value : images.back()) value = (value + 4) / 8;
    }
    return images;
  }

  net::Plan make_plan(int batch) {
    if (network_.context().dtype == memory::data_type::u8) calibrate();
    return network_.make_plan(batch, direction_ != "inference");
  }
  void calibrate() {
    net::Calibration calibration(network_, 2);
    const memory both = source_of(calibration.plan());
    calibration.observe();
    network_.quantize(calibration.result());
  }

  // The two images by turns, as the plan's source.
  memory source_of(net::Plan& plan) const {
    std::vector<float> plain;
    for (int n = 0; n < plan.batch(); ++n)
      plain.insert(plain.end(), images_[n % 2].begin(), images_[n % 2].end());
    auto source = make_memory(network_.context(), plan.src_md());
    write_plain(network_.context(), plain, source);
    plan.set_src(static_cast<float*>(source.get_data_handle()));
    return source;
  }

  std::vector<kernels::Step> steps() const {
    std::vector<kernels::Step> all;
    const auto append = [&](const std::vector<kernels::Step>& more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    if (direction_ == "update") return all;
    if (direction_ != "backward") append(plan_.forward_steps());
    if (direction_ == "training_step") append(plan_.loss_steps());
    if (direction_ == "backward" || direction_ == "training_step") append(plan_.backward_steps());
    return all;
  }

  // SGD with momentum: reads gradient, value and momentum, writes value and momentum; four operations each.
  kernels::Cost update_cost() const {
    const auto count = static_cast<double>(network_.parameters().trainable_count());
    return {4 * count, 5 * sizeof(float) * count};
  }

  std::string label(const Work& work) const {
    if (direction_ == "update") return "ours:sgd momentum; 0 reorders";
    std::string impls;
    for (const auto& step : work.steps) {
      if (step.is_reorder || impls.find(step.kernel.impl) != std::string::npos) continue;
      impls += (impls.empty() ? "" : ", ") + step.kernel.impl;
    }
    return fmt::format("{}: {}; {}", counted(work.steps.size(), "step"), impls,
                       counted(work.reorders, "reorder"));
  }

  void fill_buffers(Buffers& buffers) const {
    buffers.source = {source_};
    for (const auto& p : network_.parameters().all) {
      buffers.weights.push_back(p.value);
      if (p.grad) (direction_ == "update" ? buffers.source : buffers.destination).push_back(p.grad);
    }
    for (const auto& step : steps()) {
      for (const auto& [argument, memory] : step.arguments) {
        if (argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_BIAS) {
          buffers.weights.push_back(memory);  // a plan's packed copies
        } else if (memory.get_data_handle() != source_.get_data_handle()) {
          buffers.between.push_back(memory);
        }
      }
    }
    if (buffers.destination.empty() && !buffers.between.empty())
      buffers.destination.push_back(buffers.between.back());
  }

  void check_gradients(const ReferenceValues& reference, memory::data_type type) {
    const auto batch = static_cast<double>(labels_.size());
    const double odd_share = std::floor(batch / 2) / batch;  // of images with label 1
    for (const auto& checked : reference.gradients) {
      const auto gradient = network_.parameters().at(checked.parameter).get_grad();
      double largest = 0;
      for (const float g : gradient) largest = std::max(largest, static_cast<double>(std::abs(g)));
      const double expected = (1 - odd_share) * checked.of_image[0] + odd_share * checked.of_image[1];
      const double tolerance = (type == memory::data_type::bf16 ? 0.1 : 5e-3) * largest;
      if (!(std::abs(gradient[checked.index] - expected) <= tolerance)) {
        throw WrongResult(fmt::format(
            "network {}: gradient of {}[{}] is {}, differences of the loss give {}: not timed",
            network_.options().variant, checked.parameter, checked.index, gradient[checked.index], expected));
      }
    }
  }

  // The first step of SGD with momentum: value -= lr * gradient.
  void check_update() {
    auto& p = network_.parameters().all.back();
    const auto before = p.get(), gradient = p.get_grad();
    constexpr double kLarge = 0.125;
    optimizer_->step(kLarge);
    const auto after = p.get();
    for (std::size_t i = 0; i < after.size(); ++i) {
      const double expected = before[i] - kLarge * static_cast<double>(gradient[i]);
      if (!(std::abs(after[i] - expected) <= 1e-6 * (std::abs(expected) + std::abs(gradient[i])))) {
        throw WrongResult(
            fmt::format("update: {}[{}] is {} instead of {}: not timed", p.name, i, after[i], expected));
      }
    }
  }

  std::string direction_;
  net::Network network_;
  std::vector<std::vector<float>> images_;
  net::Plan plan_;
  memory source_;
  std::vector<float> labels_;
  std::unique_ptr<net::Optimizer> optimizer_;
};

}  // namespace

const std::vector<std::string>& network_direction_names() {
  static const std::vector<std::string> names{"inference", "training_forward", "backward", "update",
                                              "training_step"};
  return names;
}

std::vector<ArmEntry> network_arms(const Axes& axes) {
  std::vector<ArmEntry> arms;
  for (const auto& op : downsample::downsample_table()) {
    if (!chosen(axes.ops, op.name)) continue;
    for (const auto& direction : network_direction_names()) {
      if (!chosen(axes.directions, direction)) continue;
      for_engine_axes(axes, [&](const CommonAxes& common) {
        const auto type = kernels::data_type_from_string(common.dtype);
        arms.push_back({arm_name("network/op:" + op.name, common, direction), common.threads, type,
                        cache_state_from_string(common.cache),
                        [=, variant = op.name, allow_ref = axes.allow_ref] {
                          kernels::require_dtype(type);
                          auto work = std::make_shared<NetworkWork>(variant, direction, common, allow_ref);
                          work->check(type);
                          return work->work(work);
                        }});
      });
    }
  }
  return arms;
}

}  // namespace dsx::bench

#include "bench/arms/block_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/arms/block_check.hpp"
#include "bench/arms/chain.hpp"
#include "bench/arms/int8_values.hpp"
#include "kernels/base/error.hpp"
#include "kernels/fused/fused_train.hpp"
#include "kernels/fused/int8_block.hpp"
#include "kernels/onednn/int8_weighted.hpp"
#include "kernels/onednn/relu.hpp"

namespace dsx::bench {

using dnnl::memory;

namespace {

class BlockBuilder {
 public:
  BlockBuilder(const BlockSpec& spec, const kernels::Context& context)
      : spec_(spec),
        chain_(std::make_shared<Chain>(context)),
        conv_(geometry_conv(spec.geometry, spec.batch, spec.stride_factor())),
        pass_(spec.direction == Direction::inference ? kernels::Pass::inference : kernels::Pass::training) {}

  Work build() {
    if (is_int8() && spec_.direction != Direction::inference) throw UnsupportedError("int8 is for inference");
    if (spec_.unit == Unit::op && spec_.direction == Direction::backward_weights) {
      throw UnsupportedError(fmt::format("{} has no weights of its own", spec_.op));
    }
    if (spec_.fused) {
      build_fused();
      check();
      return finished();
    }
    const bool has_stages = build_stages();
    if (spec_.unit == Unit::op && !has_stages) {
      throw UnsupportedError(fmt::format("{} has no step of its own: the convolution does it", spec_.op));
    }
    if (spec_.backward()) add_backward();
    check();
    return finished();
  }

 private:
  memory::desc wanted(const memory::dims& dims) const {
    return kernels::activation_md(dims, spec_.dtype, spec_.layout);
  }
  std::string name(const std::string& part) const { return spec_.geometry.name + "." + part; }

  bool is_int8() const { return spec_.dtype == memory::data_type::u8; }

  // Of int8 whole numbers, whose scale is 1.
  std::vector<float> source_pattern(const memory::dims& dims) const {
    auto values = pattern(element_count(dims), 1);
    if (!is_int8()) return values;
    for (float& value : values) value = value * 32 + 127;
    return values;
  }

  // In a scale that no sum exceeds.
  kernels::Int8Scales int8_scales() {
    const auto weights = pattern(element_count(conv_.weights), 2);
    result_scale_ = int8_result_scale(weights, static_cast<std::size_t>(conv_.dst[1]));
    return {.src = {}, .dst = result_scale_};
  }
  kernels::Kernel int8_conv_kernel() {
    return kernels::conv_forward_int8(chain_->context(), name("conv"), conv_, {pass_, true, true},
                                      int8_scales());
  }

  kernels::Kernel conv_kernel() {
    if (is_int8()) return int8_conv_kernel();
    return kernels::conv_forward(chain_->context(), name("conv"), conv_, {pass_, true, spec_.has_relu()},
                                 wanted(conv_.src), wanted(conv_.dst));
  }

  memory filled(const memory::desc& md, std::vector<float>& plain) {
    auto made = make_memory(chain_->context(), md);
    write_plain(chain_->context(), plain, made);
    return made;
  }

  // The forward steps; timed ones unless the direction is backward. False when the operator adds none.
  bool build_stages() {
    chain_->preparing(spec_.backward());
    memory current;
    auto conv = conv_kernel();
    if (spec_.unit == Unit::op) {
      // What the block's convolution would write: its layout is what the operator meets.
      const auto md = conv.arguments.at(DNNL_ARG_DST);
      source_values_ = source_pattern(conv_.dst);
      result_scale_ = 1;
      current = filled(md, source_values_);
      buffers_.source.push_back(current);
    } else {
      current = add_conv(std::move(conv));
    }
    operator_source_ = current;
    if (spec_.unit != Unit::conv) {
      for (auto& stage : stages(current.get_desc())) current = add_stage(std::move(stage), current);
    }
    destination_ = current;
    return !backward_stages_.empty() || stage_count_ > 0;
  }

  // kNoOperator, forward only: the fused kernel's convolution and ReLU without its pooling.
  std::optional<fused::FusedPool> fused_pool(bool training) const {
    const auto& context = chain_->context();
    if (spec_.is_own()) return std::nullopt;
    if (training)
      return spec_.op == kNoOperator ? std::nullopt
                                     : fused::fused_train_pool_for(context, conv_, spec_.row()->fused);
    const auto op = spec_.op == kNoOperator ? fused::unpooled : spec_.row()->fused;
    if (!is_int8()) return fused::fused_pool_for(context, conv_, op);
    const bool integers = spec_.op == kNoOperator || spec_.row()->on_u8 || spec_.row()->acts_in_convolution();
    return integers ? fused::int8_pool_for(conv_, op) : std::nullopt;
  }

  kernels::Kernel fused_kernel(const fused::FusedPool& pool) {
    const auto& context = chain_->context();
    if (pass_ == kernels::Pass::training)
      return fused::fused_block_forward_training(context, name("block"), conv_, pool, true);
    if (is_int8()) return fused::int8_block_forward(context, name("block"), conv_, pool, true, int8_scales());
    return fused::fused_block_forward(context, name("block"), conv_, {pool, true, true});
  }

  // One step forward, and one backward: the gradient of the weights, without that of the source, as block 1
  // needs it.
  void build_fused() {
    const bool training = pass_ == kernels::Pass::training;
    const auto& context = chain_->context();
    if (spec_.unit != Unit::block || spec_.direction == Direction::backward_data)
      throw UnsupportedError("the fused engine has whole blocks only, backward to the weights");
    const auto pool = fused_pool(training);
    if (!pool)
      throw UnsupportedError(fmt::format("the fused engine has no kernel for {} at this shape", spec_.op));
    chain_->preparing(spec_.backward());
    const auto forward = add_convolution(fused_kernel(*pool));
    destination_ = operator_source_ = forward.at(DNNL_ARG_DST);
    if (!spec_.backward()) return;
    chain_->preparing(false);
    diff_dst_ = make_memory(context, destination_.get_desc());
    buffers_.source.push_back(diff_dst_);
    kernels::Arguments known{
        {DNNL_ARG_SRC, source_}, {DNNL_ARG_DIFF_DST, diff_dst_}, {DNNL_ARG_DST, destination_}};
    if (const auto workspace = forward.find(DNNL_ARG_WORKSPACE); workspace != forward.end()) {
      known = {
          {DNNL_ARG_SRC, source_}, {DNNL_ARG_DIFF_DST, diff_dst_}, {DNNL_ARG_WORKSPACE, workspace->second}};
    }
    const auto made =
        chain_->add(name("block.backward"),
                    fused::fused_block_backward(context, name("block"), conv_, *pool, true, false), known);
    result_ = made.at(DNNL_ARG_DIFF_WEIGHTS);
    diff_bias_ = made.at(DNNL_ARG_DIFF_BIAS);
  }

  memory add_conv(kernels::Kernel kernel) { return add_convolution(std::move(kernel)).at(DNNL_ARG_DST); }

  // With all that the kernel writes.
  kernels::Arguments add_convolution(kernels::Kernel kernel) {
    source_values_ = source_pattern(conv_.src);
    weights_values_ = pattern(element_count(conv_.weights), 2);
    bias_values_ = pattern(static_cast<std::size_t>(conv_.dst[1]), 3);
    source_ = filled(kernel.arguments.at(DNNL_ARG_SRC), source_values_);
    weights_ = filled(kernel.arguments.at(DNNL_ARG_WEIGHTS), weights_values_);
    const auto bias = filled(kernel.arguments.at(DNNL_ARG_BIAS), bias_values_);
    if (is_int8()) round_to_int8(weights_values_, static_cast<std::size_t>(conv_.dst[1]));
    if (!spec_.backward() || spec_.direction == Direction::backward_weights)
      buffers_.source.push_back(source_);
    if (!spec_.backward() || spec_.direction == Direction::backward_data)
      buffers_.weights.push_back(weights_);
    if (!spec_.backward()) buffers_.weights.push_back(bias);
    if (is_int8()) buffers_.weights = {kernel.own.at(DNNL_ARG_WEIGHTS), kernel.own.at(DNNL_ARG_BIAS)};
    return chain_->add(name("conv"), std::move(kernel),
                       {{DNNL_ARG_SRC, source_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_BIAS, bias}});
  }

  std::vector<downsample::DownsampleStage> stages(const memory::desc& src_md) const {
    const bool training = pass_ == kernels::Pass::training;
    if (spec_.op == kNoOperator) return {};
    if (spec_.is_own()) {
      const auto& own = *spec_.geometry.own;
      const auto shape = kernels::pool_shape(src_md.get_dims(), own.window, own.stride, own.padding);
      downsample::DownsampleStage stage;
      stage.forward = kernels::pool_forward(chain_->context(), name("own"), own.kind, shape, pass_, src_md,
                                            wanted(shape.dst));
      if (training) {
        stage.backward_data = kernels::pool_backward(chain_->context(), name("own"), own.kind, shape, src_md,
                                                     stage.forward.arguments.at(DNNL_ARG_DST));
      }
      return {std::move(stage)};
    }
    return spec_.row()->build(chain_->context(), name(spec_.op), src_md, training);
  }

  memory add_stage(downsample::DownsampleStage stage, const memory& src) {
    ++stage_count_;
    auto known = stage.forward_constants;
    known[DNNL_ARG_SRC] = src;
    if (!spec_.backward()) {
      for (const auto& [argument, constant] : stage.forward_constants) buffers_.weights.push_back(constant);
    }
    const auto suffix = stage.suffix.empty() ? "" : "." + stage.suffix;
    const auto made = chain_->add(name(spec_.op + suffix), std::move(stage.forward), known);
    if (spec_.backward()) {
      auto backward = stage.backward_constants;
      for (const auto& [argument, constant] : backward) buffers_.weights.push_back(constant);
      for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WORKSPACE}) {
        if (!stage.backward_data.arguments.contains(argument)) continue;
        backward[argument] = argument == DNNL_ARG_SRC ? src : made.at(argument);
        buffers_.source.push_back(backward[argument]);
      }
      backward_stages_.push_back({std::move(stage.backward_data), backward, suffix});
    }
    return made.at(DNNL_ARG_DST);
  }

  void add_backward() {
    chain_->preparing(false);
    diff_dst_ = make_memory(chain_->context(), destination_.get_desc());
    buffers_.source.push_back(diff_dst_);
    auto current = diff_dst_;
    for (std::size_t i = backward_stages_.size(); i-- > 0;) {
      auto& stage = backward_stages_[i];
      auto known = stage.known;
      known[DNNL_ARG_DIFF_DST] = current;
      current = chain_->add(name(spec_.op + stage.suffix + ".backward_data"), std::move(stage.kernel), known)
                    .at(DNNL_ARG_DIFF_SRC);
    }
    if (spec_.unit != Unit::op) current = add_conv_backward(current);
    result_ = current;
  }

  memory add_conv_backward(memory diff) {
    const auto& context = chain_->context();
    if (spec_.has_relu()) diff = add_relu_backward(diff);
    const auto diff_md = spec_.layout == kernels::Layout::any ? wanted(conv_.dst) : diff.get_desc();
    if (spec_.direction == Direction::backward_data) {
      return chain_
          ->add(name("conv.backward_data"),
                kernels::conv_backward_data(context, name("conv"), conv_, wanted(conv_.src), diff_md),
                {{DNNL_ARG_DIFF_DST, diff}, {DNNL_ARG_WEIGHTS, packed_weights(diff_md)}})
          .at(DNNL_ARG_DIFF_SRC);
    }
    const auto made = chain_->add(
        name("conv.backward_weights"),
        kernels::conv_backward_weights(context, name("conv"), conv_, true, wanted(conv_.src), diff_md),
        {{DNNL_ARG_SRC, source_}, {DNNL_ARG_DIFF_DST, diff}});
    diff_bias_ = made.at(DNNL_ARG_DIFF_BIAS);
    return made.at(DNNL_ARG_DIFF_WEIGHTS);
  }

  // Weights in the layout that backward wants are made once, outside the timing, as a plan's pack steps do.
  memory packed_weights(const memory::desc& diff_md) {
    const auto kernel =
        kernels::conv_backward_data(chain_->context(), name("conv"), conv_, wanted(conv_.src), diff_md);
    const auto& md = kernel.arguments.at(DNNL_ARG_WEIGHTS);
    if (md == weights_.get_desc()) return weights_;
    buffers_.weights.clear();
    for (const auto& stage : backward_stages_) {
      if (const auto filter = stage.known.find(DNNL_ARG_WEIGHTS); filter != stage.known.end()) {
        buffers_.weights.push_back(filter->second);
      }
    }
    buffers_.weights.push_back(filled(md, weights_values_));
    return buffers_.weights.back();
  }

  // In place, except on the caller's gradient, which every run needs anew, and where the layout changes.
  memory add_relu_backward(const memory& diff) {
    const bool in_place = diff.get_data_handle() != diff_dst_.get_data_handle() &&
                          diff.get_desc() == operator_source_.get_desc();
    buffers_.source.push_back(operator_source_);
    kernels::Arguments known{{DNNL_ARG_DST, operator_source_}, {DNNL_ARG_DIFF_DST, diff}};
    if (in_place) known[DNNL_ARG_DIFF_SRC] = diff;
    return chain_
        ->add(name("relu.backward_data"),
              kernels::relu_backward(chain_->context(), name("relu"), operator_source_.get_desc()), known)
        .at(DNNL_ARG_DIFF_SRC);
  }

  void check() {
    BlockReference reference(spec_, conv_, std::move(source_values_), std::move(weights_values_),
                             std::move(bias_values_));
    chain_->run_preparation();
    check_block(*chain_, spec_, reference, {destination_, diff_dst_, result_, diff_bias_, result_scale_});
  }

  Work finished() {
    Work work;
    buffers_.destination.push_back(spec_.backward() ? result_ : destination_);
    if (diff_bias_) buffers_.destination.push_back(diff_bias_);
    for (const auto& memory : chain_->between()) {
      if (!is_listed(memory) && is_used(memory)) buffers_.between.push_back(memory);
    }
    work.run = [chain = chain_] { chain->run(); };
    work.cost = chain_->cost();
    work.label = chain_->label();
    work.reorders = chain_->reorders();
    work.buffers = buffers_;
    work.steps = chain_->steps();
    work.keep = chain_;
    return work;
  }

  static bool same(const memory& a, const memory& b) { return a.get_data_handle() == b.get_data_handle(); }
  bool is_listed(const memory& candidate) const {
    for (const auto* list : {&buffers_.source, &buffers_.weights, &buffers_.destination}) {
      if (std::any_of(list->begin(), list->end(), [&](const memory& m) { return same(m, candidate); }))
        return true;
    }
    return false;
  }
  // By a timed step: backward arms do not touch all that their preparation made.
  bool is_used(const memory& candidate) const {
    for (const auto& step : chain_->steps()) {
      for (const auto& [argument, memory] : step.arguments) {
        if (same(memory, candidate)) return true;
      }
    }
    return false;
  }

  struct BackwardStage {
    kernels::Kernel kernel;
    kernels::Arguments known;
    std::string suffix;
  };

  BlockSpec spec_;
  std::shared_ptr<Chain> chain_;
  kernels::ConvShape conv_;
  kernels::Pass pass_;
  Buffers buffers_;
  std::vector<float> source_values_, weights_values_, bias_values_;
  memory source_, weights_, operator_source_, destination_, diff_dst_, result_, diff_bias_;
  std::vector<BackwardStage> backward_stages_;
  int stage_count_ = 0;
  float result_scale_ = 1;  // of an int8 destination
};

}  // namespace

Work build_block(const BlockSpec& spec) {
  kernels::Context context;
  context.layout = spec.layout;
  context.dtype = spec.dtype;
  context.allow_ref = spec.allow_ref;
  context.algorithm = spec.algorithm;
  return BlockBuilder(spec, context).build();
}

}  // namespace dsx::bench

// Translating layers to kernels. Each layer appends its forward nodes and leaves a closure that appends its
// backward nodes; the closures then run in reverse order.
#include "net/graph.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/fused_linear.hpp"
#include "kernels/fused/fused_train.hpp"
#include "kernels/fused/packed_linear.hpp"
#include "kernels/onednn/batch_norm.hpp"
#include "kernels/onednn/bce_loss.hpp"
#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/pool.hpp"
#include "kernels/onednn/relu.hpp"
#include "net/graph_writer.hpp"
#include "net/shapes.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

class GraphBuilder {
 public:
  GraphBuilder(const kernels::Context& context, const NetworkSpec& spec, const std::string& variant,
               const memory::dims& input, const GraphOptions& options, Parameters& parameters)
      : context_(context),
        spec_(spec),
        op_(downsample::downsample_op(variant)),
        shapes_(infer_shapes(spec, variant, input, options.partial)),
        pass_(options.training ? kernels::Pass::training : kernels::Pass::inference),
        writer_(context, parameters, options.adopt_layouts),
        options_(options) {
    if (options.training && context.dtype != memory::data_type::f32) {
      throw UnsupportedError("training runs in f32 only: use bf16 for inference");
    }
    const auto layout =
        context.layout == kernels::Layout::nhwc ? kernels::Layout::nhwc : kernels::Layout::nchw;
    graph_.input = writer_.add_tensor("input", Role::input,
                                      kernels::activation_md(input, memory::data_type::f32, layout));
  }

  Graph build() {
    current_ = graph_.input;
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) i += add_layer(i);
    graph_.logits = current_;
    graph_.tensors[current_].keep = true;
    if (training()) add_backward(options_.partial ? add_result_gradient() : add_loss());
    return std::move(graph_);
  }

 private:
  using Tensors = GraphWriter::Tensors;
  using Backward = std::function<TensorId(TensorId diff_dst, bool need_diff_src)>;

  bool training() const { return pass_ == kernels::Pass::training; }

  // What a kernel that may choose its source layout is told: any under Layout::any, else the study's layout.
  memory::desc wanted_md(const memory::dims& dims) const {
    return kernels::activation_md(dims, context_.dtype, context_.layout);
  }

  // True when layer i+1 is a ReLU that layer i's kernel takes in.
  bool relu_follows(std::size_t i) const {
    return i + 1 < spec_.layers.size() && spec_.layers[i + 1].type == LayerType::relu;
  }

  // Returns how many further layers it consumed (a fused ReLU).
  std::size_t add_layer(std::size_t i) {
    const auto& layer = spec_.layers[i];
    switch (layer.type) {
      case LayerType::conv2d:
        return add_conv(i);
      case LayerType::linear:
        return add_linear(i);
      case LayerType::batch_norm2d:
        return add_batch_norm(i);
      case LayerType::relu:
        return add_relu(i);
      case LayerType::avg_pool2d:
        return add_pool(layer,
                        layer.count_include_pad ? kernels::PoolKind::avg_include_padding
                                                : kernels::PoolKind::avg_exclude_padding,
                        kernels::pool_shape(shapes_[i].src, layer.kernel_size, layer.stride, layer.padding));
      case LayerType::max_pool2d:
        return add_pool(layer, kernels::PoolKind::max,
                        kernels::pool_shape(shapes_[i].src, layer.kernel_size, layer.stride, layer.padding));
      case LayerType::adaptive_avg_pool2d:
        return add_pool(layer, kernels::PoolKind::avg_exclude_padding,
                        kernels::adaptive_pool_shape(shapes_[i].src, layer.output_size));
      case LayerType::downsample:
        return add_downsample(layer);
      case LayerType::flatten:
        return 0;  // Linear reads the 4-D source as it is
    }
    return 0;
  }

  // A layer with weights: forward now; backward to weights and, when wanted, to the source.
  struct Weighted {
    std::string name;
    bool bias, relu;
    TensorId src = kNoTensor, weights = kNoTensor, dst = kNoTensor, workspace = kNoTensor;
  };
  Weighted add_weighted(const LayerSpec& layer, bool relu, kernels::Kernel kernel) {
    Weighted w{layer.name, layer.bias, relu};
    w.src = current_;
    w.weights = writer_.parameter(layer.name + ".weight", &kernel.arguments.at(DNNL_ARG_WEIGHTS));
    Tensors tensors{{DNNL_ARG_SRC, w.src}, {DNNL_ARG_WEIGHTS, w.weights}};
    if (layer.bias) tensors[DNNL_ARG_BIAS] = writer_.parameter(layer.name + ".bias");
    const auto out =
        writer_.add_node(layer.name, layer.name, kernels::Phase::forward, std::move(kernel), tensors);
    w.dst = out.at(DNNL_ARG_DST);
    if (out.count(DNNL_ARG_WORKSPACE) != 0) w.workspace = out.at(DNNL_ARG_WORKSPACE);
    current_ = w.dst;
    return w;
  }
  // The kernels are made only when they are needed: the first layer's backward_data never is.
  template <typename WeightsKernel, typename DataKernel>
  void add_weighted_backward(const Weighted& w, WeightsKernel weights_kernel, DataKernel data_kernel) {
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      if (w.relu) diff_dst = writer_.unfuse_relu(w.name, w.dst, diff_dst);
      Tensors out{{DNNL_ARG_SRC, w.src},
                  {DNNL_ARG_DIFF_DST, diff_dst},
                  {DNNL_ARG_DIFF_WEIGHTS, writer_.gradient_of(w.name + ".weight")}};
      if (w.bias) out[DNNL_ARG_DIFF_BIAS] = writer_.gradient_of(w.name + ".bias");
      writer_.add_node(w.name + ".backward_weights", w.name, kernels::Phase::backward, weights_kernel(), out);
      if (!need_diff_src) return kNoTensor;
      return writer_
          .add_node(w.name + ".backward_data", w.name, kernels::Phase::backward, data_kernel(),
                    {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, w.weights}})
          .at(DNNL_ARG_DIFF_SRC);
    });
  }

  // Convolution, ReLU and Downsample, one after the other, as one kernel of ours.
  std::optional<fused::FusedPool> fused_pool(std::size_t i) const {
    const bool block =
        relu_follows(i) && i + 2 < spec_.layers.size() && spec_.layers[i + 2].type == LayerType::downsample;
    if (!context_.fused || !block) return std::nullopt;
    return training() ? fused::fused_train_pool_for(context_, shapes_[i].conv, op_.name)
                      : fused::fused_pool_for(context_, shapes_[i].conv, op_.name);
  }

  std::size_t add_fused_block(std::size_t i, fused::FusedPool pool) {
    const auto& layer = spec_.layers[i];
    const auto shape = shapes_[i].conv;
    if (!training()) {
      // Only another fused block insists on nchw.
      const bool last_block = i + 3 >= spec_.layers.size() || spec_.layers[i + 3].type != LayerType::conv2d;
      add_weighted(layer, true,
                   fused::fused_block_forward(context_, layer.name, shape, {pool, layer.bias, last_block}));
      return 2;
    }
    const auto w = add_weighted(
        layer, true, fused::fused_block_forward_training(context_, layer.name, shape, pool, layer.bias));
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      Tensors tensors{{DNNL_ARG_SRC, w.src},
                      {DNNL_ARG_DIFF_DST, diff_dst},
                      {DNNL_ARG_DIFF_WEIGHTS, writer_.gradient_of(w.name + ".weight")}};
      if (w.workspace == kNoTensor) tensors[DNNL_ARG_DST] = w.dst;
      if (w.workspace != kNoTensor) tensors[DNNL_ARG_WORKSPACE] = w.workspace;
      if (w.bias) tensors[DNNL_ARG_DIFF_BIAS] = writer_.gradient_of(w.name + ".bias");
      if (need_diff_src) tensors[DNNL_ARG_WEIGHTS] = w.weights;
      const auto out = writer_.add_node(
          w.name + ".backward", w.name, kernels::Phase::backward,
          fused::fused_block_backward(context_, w.name, shape, pool, w.bias, need_diff_src), tensors);
      return need_diff_src ? out.at(DNNL_ARG_DIFF_SRC) : kNoTensor;
    });
    return 2;
  }

  std::size_t add_conv(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto shape = shapes_[i].conv;
    const bool relu = relu_follows(i);
    if (const auto pool = fused_pool(i)) return add_fused_block(i, *pool);
    const auto src_md = wanted_md(shape.src);
    const auto w = add_weighted(layer, relu,
                                kernels::conv_forward(context_, layer.name, shape, {pass_, layer.bias, relu},
                                                      src_md, wanted_md(shape.dst)));
    // The gradient of dst has dst's layout, so that a fused ReLU's gradient needs no reorder.
    const auto diff_dst_md =
        context_.layout == kernels::Layout::any ? wanted_md(shape.dst) : writer_.md_of(w.dst);
    add_weighted_backward(
        w,
        [=, this] {
          return kernels::conv_backward_weights(context_, w.name, shape, w.bias, src_md, diff_dst_md);
        },
        [=, this] { return kernels::conv_backward_data(context_, w.name, shape, src_md, diff_dst_md); });
    return relu ? 1 : 0;
  }

  std::size_t add_linear(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto shape = kernels::inner_product_shape(shapes_[i].src, layer.out_features);
    const bool relu = relu_follows(i);
    const bool last = i + 1 == spec_.layers.size();
    const auto dst_type = last ? memory::data_type::f32 : context_.dtype;
    if (context_.fused && !training() &&
        fused::packed_linear_fits(context_, shape, writer_.md_of(current_))) {
      add_weighted(layer, relu,
                   fused::packed_linear_forward(context_, layer.name, shape, {pass_, layer.bias, relu},
                                                writer_.md_of(current_), dst_type, behind_relu(spec_, i)));
      return relu ? 1 : 0;
    }
    if (context_.fused && training() && !last) {
      const auto md = memory_of_type(writer_.md_of(current_), shape.src);
      if (fused::fused_linear_suits(context_, shape, md)) return add_fused_linear(i, md);
    }
    // A source that is already there keeps its layout: converting it would cost more than any weights order
    // brings.
    const auto src_md = context_.layout == kernels::Layout::any
                            ? wanted_md(shape.src)
                            : memory_of_type(writer_.md_of(current_), shape.src);
    auto kernel = kernels::inner_product_forward(context_, layer.name, shape, {pass_, layer.bias, relu},
                                                 src_md, dst_type);
    const auto used_src_md = kernel.arguments.at(DNNL_ARG_SRC);
    const auto w = add_weighted(layer, relu, std::move(kernel));
    const auto weights_md = writer_.md_of(w.weights);
    add_weighted_backward(
        w,
        [=, this] {
          return kernels::inner_product_backward_weights(context_, w.name, shape, w.bias, used_src_md,
                                                         weights_md);
        },
        [=, this] {
          return kernels::inner_product_backward_data(context_, w.name, shape, weights_md, used_src_md);
        });
    return relu ? 1 : 0;
  }

  std::size_t add_fused_linear(std::size_t i, const memory::desc& src_md) {
    const auto& layer = spec_.layers[i];
    const auto shape = kernels::inner_product_shape(shapes_[i].src, layer.out_features);
    const bool relu = relu_follows(i);
    const auto w =
        add_weighted(layer, relu, fused::fused_linear_forward(context_, shape, layer.bias, relu, src_md));
    backward_.push_back([=, this](TensorId diff_dst, bool) {
      if (w.relu) diff_dst = writer_.unfuse_relu(w.name, w.dst, diff_dst);
      Tensors tensors{{DNNL_ARG_SRC, w.src},
                      {DNNL_ARG_WEIGHTS, w.weights},
                      {DNNL_ARG_DIFF_DST, diff_dst},
                      {DNNL_ARG_DIFF_WEIGHTS, writer_.gradient_of(w.name + ".weight")}};
      if (w.bias) tensors[DNNL_ARG_DIFF_BIAS] = writer_.gradient_of(w.name + ".bias");
      return writer_
          .add_node(w.name + ".backward", w.name, kernels::Phase::backward,
                    fused::fused_linear_backward(context_, shape, w.bias, src_md,
                                                 writer_.update_slot(w.name + ".weight")),
                    tensors)
          .at(DNNL_ARG_DIFF_SRC);
    });
    return relu ? 1 : 0;
  }

  // The tensor's own layout, unless its type must change first.
  memory::desc memory_of_type(const memory::desc& md, const memory::dims& dims) const {
    return md.get_data_type() == context_.dtype
               ? md
               : kernels::activation_md(dims, context_.dtype, context_.layout);
  }

  std::size_t add_batch_norm(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const TensorId src = current_;
    const auto md = memory_of_type(writer_.md_of(src), shapes_[i].src);
    const auto scale = writer_.parameter(layer.name + ".weight"),
               shift = writer_.parameter(layer.name + ".bias");
    const auto running_mean = writer_.parameter(layer.name + ".running_mean"),
               running_var = writer_.parameter(layer.name + ".running_var");
    Tensors tensors{{DNNL_ARG_SRC, src}, {DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, shift}};
    if (!training()) {
      tensors[DNNL_ARG_MEAN] = running_mean;
      tensors[DNNL_ARG_VARIANCE] = running_var;
    }
    const auto out =
        writer_.add_node(layer.name, layer.name, kernels::Phase::forward,
                         kernels::batch_norm_forward(context_, layer.name, md, layer.eps, pass_), tensors);
    current_ = out.at(DNNL_ARG_DST);
    if (!training()) return 0;
    const auto mean = out.at(DNNL_ARG_MEAN), variance = out.at(DNNL_ARG_VARIANCE);
    const auto& dims = shapes_[i].src;
    writer_.add_node(
        layer.name + ".running_statistics", layer.name, kernels::Phase::forward,
        kernels::batch_norm_update_running(static_cast<int>(dims[1]),
                                           static_cast<double>(dims[0] * dims[2] * dims[3]), layer.momentum),
        {{DNNL_ARG_SRC_0, mean},
         {DNNL_ARG_SRC_1, variance},
         {kernels::kArgRunningMean, running_mean},
         {kernels::kArgRunningVariance, running_var}});
    backward_.push_back([=, this](TensorId diff_dst, bool) {
      return writer_
          .add_node(layer.name + ".backward", layer.name, kernels::Phase::backward,
                    kernels::batch_norm_backward(context_, layer.name, md, layer.eps),
                    {{DNNL_ARG_SRC, src},
                     {DNNL_ARG_MEAN, mean},
                     {DNNL_ARG_VARIANCE, variance},
                     {DNNL_ARG_DIFF_DST, diff_dst},
                     {DNNL_ARG_SCALE, scale},
                     {DNNL_ARG_DIFF_SCALE, writer_.gradient_of(layer.name + ".weight")},
                     {DNNL_ARG_DIFF_SHIFT, writer_.gradient_of(layer.name + ".bias")}})
          .at(DNNL_ARG_DIFF_SRC);
    });
    return 0;
  }

  std::size_t add_relu(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto md = memory_of_type(writer_.md_of(current_), shapes_[i].src);
    const auto dst =
        writer_
            .add_node(layer.name, layer.name, kernels::Phase::forward,
                      kernels::relu_forward(context_, layer.name, md, pass_), {{DNNL_ARG_SRC, current_}})
            .at(DNNL_ARG_DST);
    current_ = dst;
    backward_.push_back(
        [=, this](TensorId diff_dst, bool) { return writer_.unfuse_relu(layer.name, dst, diff_dst); });
    return 0;
  }

  std::size_t add_pool(const LayerSpec& layer, kernels::PoolKind kind, const kernels::PoolShape& shape) {
    const auto src_md = memory_of_type(writer_.md_of(current_), shape.src);
    auto kernel =
        kernels::pool_forward(context_, layer.name, kind, shape, pass_, src_md, wanted_md(shape.dst));
    const auto dst_md = kernel.arguments.at(DNNL_ARG_DST);
    const auto out = writer_.add_node(layer.name, layer.name, kernels::Phase::forward, std::move(kernel),
                                      {{DNNL_ARG_SRC, current_}});
    current_ = out.at(DNNL_ARG_DST);
    const TensorId workspace = out.count(DNNL_ARG_WORKSPACE) != 0 ? out.at(DNNL_ARG_WORKSPACE) : kNoTensor;
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      if (!need_diff_src) return kNoTensor;
      return writer_.add_backward_stage(
          layer.name, "", kernels::pool_backward(context_, layer.name, kind, shape, src_md, dst_md), {},
          diff_dst, workspace);
    });
    return 0;
  }

  std::size_t add_downsample(const LayerSpec& layer) {
    if (op_.conv_stride != 1) return 0;  // the convolution before did it
    const auto dims = writer_.md_of(current_).get_dims();
    for (auto& stage :
         op_.build(context_, layer.name, memory_of_type(writer_.md_of(current_), dims), training())) {
      auto tensors = writer_.add_constants(layer.name, stage.forward_constants);
      tensors[DNNL_ARG_SRC] = current_;
      const auto name = layer.name + (stage.suffix.empty() ? "" : "." + stage.suffix);
      const auto out =
          writer_.add_node(name, layer.name, kernels::Phase::forward, std::move(stage.forward), tensors);
      current_ = out.at(DNNL_ARG_DST);
      const TensorId workspace = out.count(DNNL_ARG_WORKSPACE) != 0 ? out.at(DNNL_ARG_WORKSPACE) : kNoTensor;
      backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
        if (!need_diff_src) return kNoTensor;
        return writer_.add_backward_stage(layer.name, stage.suffix, stage.backward_data,
                                          stage.backward_constants, diff_dst, workspace);
      });
    }
    return 0;
  }

  // Returns the gradient of the logits.
  TensorId add_loss() {
    const int batch = static_cast<int>(writer_.md_of(graph_.logits).get_dims()[0]);
    graph_.labels = writer_.add_tensor("labels", Role::labels, kernels::plain_md({batch, 1}));
    const auto out = writer_.add_node("loss", "loss", kernels::Phase::loss, kernels::bce_with_logits(batch),
                                      {{DNNL_ARG_SRC_0, graph_.logits}, {DNNL_ARG_SRC_1, graph_.labels}});
    graph_.loss = out.at(DNNL_ARG_DST);
    graph_.tensors[graph_.loss].keep = true;
    return out.at(DNNL_ARG_DIFF_SRC);
  }

  // The caller's, in the result's own layout.
  TensorId add_result_gradient() {
    graph_.labels = writer_.add_tensor("result.grad", Role::labels, writer_.md_of(graph_.logits));
    return graph_.labels;
  }

  void add_backward(TensorId diff) {
    for (std::size_t i = backward_.size(); i-- > 0;)
      diff = backward_[i](diff, i > 0 || options_.input_gradient);
    if (!options_.input_gradient) return;
    graph_.input_gradient = diff;
    graph_.tensors[diff].keep = true;
  }

  const kernels::Context& context_;
  const NetworkSpec& spec_;
  const downsample::DownsampleOp& op_;
  std::vector<LayerShape> shapes_;
  kernels::Pass pass_;
  GraphWriter writer_;
  Graph& graph_ = writer_.graph;
  GraphOptions options_;
  TensorId current_ = kNoTensor;
  std::vector<Backward> backward_;
};

}  // namespace

Graph build_graph(const kernels::Context& context, const NetworkSpec& spec, const std::string& variant,
                  const memory::dims& input, const GraphOptions& options, Parameters& parameters) {
  return GraphBuilder(context, spec, variant, input, options, parameters).build();
}

}  // namespace dsx::net

// Translating layers to kernels. Each layer appends its forward nodes and leaves a closure that appends its
// backward nodes; the closures then run in reverse order.
#include "net/graph.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "kernels/batch_norm.hpp"
#include "kernels/bce_loss.hpp"
#include "kernels/downsample.hpp"
#include "kernels/error.hpp"
#include "kernels/inner_product.hpp"
#include "kernels/pool.hpp"
#include "kernels/relu.hpp"
#include "kernels/reorder.hpp"
#include "net/shapes.hpp"

namespace dsx {

using dnnl::memory;

namespace {

constexpr TensorId kNone = -1;

class GraphBuilder {
 public:
  GraphBuilder(const Context& context, const NetworkSpec& spec, const std::string& variant,
               const memory::dims& input, const GraphOptions& options, Parameters& parameters)
      : context_(context),
        spec_(spec),
        op_(downsample_op(variant)),
        shapes_(infer_shapes(spec, variant, input, options.partial)),
        pass_(options.training ? Pass::training : Pass::inference),
        parameters_(parameters),
        options_(options) {
    if (options.training && context.dtype != memory::data_type::f32) {
      throw UnsupportedError("training runs in f32 only: use bf16 for inference");
    }
    const auto layout = context.layout == Layout::nhwc ? Layout::nhwc : Layout::nchw;
    graph_.input = add_tensor("input", Role::input, activation_md(input, memory::data_type::f32, layout));
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
  using Tensors = std::map<int, TensorId>;
  using Backward = std::function<TensorId(TensorId diff_dst, bool need_diff_src)>;

  bool training() const { return pass_ == Pass::training; }

  TensorId add_tensor(const std::string& name, Role role, const memory::desc& md) {
    Tensor tensor;
    tensor.name = name;
    tensor.role = role;
    tensor.md = md;
    graph_.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph_.tensors.size()) - 1;
  }

  TensorId parameter(const std::string& name, const memory::desc* wanted = nullptr) {
    for (std::size_t i = 0; i < parameters_.all.size(); ++i) {
      auto& p = parameters_.all[i];
      if (p.name != name) continue;
      if (wanted != nullptr && options_.adopt_layouts && wanted->get_data_type() == memory::data_type::f32 &&
          *wanted != p.value.get_desc()) {
        memory moved(*wanted, context_.engine);
        reorder_now(p.value, moved);
        p.value = moved;
      }
      const auto id = add_tensor(name, Role::parameter, p.value.get_desc());
      graph_.tensors[id].parameter = static_cast<int>(i);
      return id;
    }
    throw std::logic_error("undeclared parameter " + name);
  }

  TensorId gradient_of(const std::string& name) {
    for (std::size_t i = 0; i < parameters_.all.size(); ++i) {
      auto& p = parameters_.all[i];
      if (p.name != name) continue;
      if (!p.grad) p.grad = memory(p.value.get_desc(), context_.engine);
      const auto id = add_tensor(name + ".grad", Role::parameter_grad, p.grad.get_desc());
      graph_.tensors[id].parameter = static_cast<int>(i);
      return id;
    }
    throw std::logic_error("undeclared parameter " + name);
  }

  // Adds a node; outputs that `tensors` does not name become new activations, whose ids are filled in.
  Tensors add_node(const std::string& name, const std::string& layer, Phase phase, Kernel kernel,
                   Tensors tensors) {
    for (const auto& [argument, md] : kernel.arguments) {
      if (argument == DNNL_ARG_SCRATCHPAD || tensors.count(argument) != 0) continue;
      if (!kernel.is_output.at(argument))
        throw std::logic_error(name + ": an input of the kernel is not connected");
      const char* suffix = argument == DNNL_ARG_WORKSPACE  ? ".workspace"
                           : argument == DNNL_ARG_DIFF_SRC ? ".diff_src"
                                                           : ".dst";
      tensors[argument] = add_tensor(layer + suffix, Role::activation, md);
    }
    graph_.nodes.push_back({name, layer, phase, std::move(kernel), tensors});
    return tensors;
  }

  const memory::desc& md_of(TensorId id) const { return graph_.tensors[id].md; }

  // What a kernel that may choose its source layout is told: any under Layout::any, else the study's layout.
  memory::desc wanted_md(const memory::dims& dims) const {
    return activation_md(dims, context_.dtype, context_.layout);
  }

  // True when layer i+1 is a ReLU that layer i's kernel takes in.
  bool relu_follows(std::size_t i) const {
    return i + 1 < spec_.layers.size() && spec_.layers[i + 1].type == LayerType::relu;
  }

  // The gradient of a fused ReLU, in place on diff_dst.
  TensorId unfuse_relu(const std::string& layer, TensorId dst, TensorId diff_dst) {
    add_node(layer + ".backward_relu", layer, Phase::backward, relu_backward(context_, layer, md_of(dst)),
             {{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_DIFF_SRC, diff_dst}});
    return diff_dst;
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
        return add_pool(
            layer, layer.count_include_pad ? PoolKind::avg_include_padding : PoolKind::avg_exclude_padding,
            pool_shape(shapes_[i].src, layer.kernel_size, layer.stride, layer.padding));
      case LayerType::max_pool2d:
        return add_pool(layer, PoolKind::max,
                        pool_shape(shapes_[i].src, layer.kernel_size, layer.stride, layer.padding));
      case LayerType::adaptive_avg_pool2d:
        return add_pool(layer, PoolKind::avg_exclude_padding,
                        adaptive_pool_shape(shapes_[i].src, layer.output_size));
      case LayerType::downsample:
        return add_downsample(layer);
      case LayerType::flatten:
        return 0;  // Linear reads the 4-D source as it is
    }
    return 0;
  }

  std::size_t add_conv(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto shape = shapes_[i].conv;
    const bool relu = relu_follows(i);
    const auto src_md = wanted_md(shape.src);
    auto kernel =
        conv_forward(context_, layer.name, shape, {pass_, layer.bias, relu}, src_md, wanted_md(shape.dst));
    const TensorId src = current_;
    const auto weights = parameter(layer.name + ".weight", &kernel.arguments.at(DNNL_ARG_WEIGHTS));
    Tensors tensors{{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}};
    if (layer.bias) tensors[DNNL_ARG_BIAS] = parameter(layer.name + ".bias");
    const auto dst =
        add_node(layer.name, layer.name, Phase::forward, std::move(kernel), tensors).at(DNNL_ARG_DST);
    current_ = dst;
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      if (relu) diff_dst = unfuse_relu(layer.name, dst, diff_dst);
      // The gradient of dst has dst's layout, so that a fused ReLU's gradient needs no reorder.
      const auto diff_dst_md = context_.layout == Layout::any ? wanted_md(shape.dst) : md_of(dst);
      Tensors out{{DNNL_ARG_SRC, src},
                  {DNNL_ARG_DIFF_DST, diff_dst},
                  {DNNL_ARG_DIFF_WEIGHTS, gradient_of(layer.name + ".weight")}};
      if (layer.bias) out[DNNL_ARG_DIFF_BIAS] = gradient_of(layer.name + ".bias");
      add_node(layer.name + ".backward_weights", layer.name, Phase::backward,
               conv_backward_weights(context_, layer.name, shape, layer.bias, src_md, diff_dst_md), out);
      if (!need_diff_src) return kNone;
      return add_node(layer.name + ".backward_data", layer.name, Phase::backward,
                      conv_backward_data(context_, layer.name, shape, src_md, diff_dst_md),
                      {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, weights}})
          .at(DNNL_ARG_DIFF_SRC);
    });
    return relu ? 1 : 0;
  }

  std::size_t add_linear(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto shape = inner_product_shape(shapes_[i].src, layer.out_features);
    const bool relu = relu_follows(i);
    const bool last = i + 1 == spec_.layers.size();
    const TensorId src = current_;
    // A source that is already there keeps its layout: converting it would cost more than any weights order
    // brings.
    const auto src_md =
        context_.layout == Layout::any ? wanted_md(shape.src) : memory_of_type(md_of(src), shape.src);
    auto kernel = inner_product_forward(context_, layer.name, shape, {pass_, layer.bias, relu}, src_md,
                                        last ? memory::data_type::f32 : context_.dtype);
    const auto weights = parameter(layer.name + ".weight", &kernel.arguments.at(DNNL_ARG_WEIGHTS));
    const auto used_src_md = kernel.arguments.at(DNNL_ARG_SRC);
    Tensors tensors{{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}};
    if (layer.bias) tensors[DNNL_ARG_BIAS] = parameter(layer.name + ".bias");
    const auto dst =
        add_node(layer.name, layer.name, Phase::forward, std::move(kernel), tensors).at(DNNL_ARG_DST);
    current_ = dst;
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      if (relu) diff_dst = unfuse_relu(layer.name, dst, diff_dst);
      Tensors out{{DNNL_ARG_SRC, src},
                  {DNNL_ARG_DIFF_DST, diff_dst},
                  {DNNL_ARG_DIFF_WEIGHTS, gradient_of(layer.name + ".weight")}};
      if (layer.bias) out[DNNL_ARG_DIFF_BIAS] = gradient_of(layer.name + ".bias");
      add_node(layer.name + ".backward_weights", layer.name, Phase::backward,
               inner_product_backward_weights(context_, layer.name, shape, layer.bias, used_src_md,
                                              md_of(weights)),
               out);
      if (!need_diff_src) return kNone;
      return add_node(layer.name + ".backward_data", layer.name, Phase::backward,
                      inner_product_backward_data(context_, layer.name, shape, md_of(weights), used_src_md),
                      {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, weights}})
          .at(DNNL_ARG_DIFF_SRC);
    });
    return relu ? 1 : 0;
  }

  // The tensor's own layout, unless its type must change first.
  memory::desc memory_of_type(const memory::desc& md, const memory::dims& dims) const {
    return md.get_data_type() == context_.dtype ? md : activation_md(dims, context_.dtype, context_.layout);
  }

  std::size_t add_batch_norm(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const TensorId src = current_;
    const auto md = memory_of_type(md_of(src), shapes_[i].src);
    const auto scale = parameter(layer.name + ".weight"), shift = parameter(layer.name + ".bias");
    const auto running_mean = parameter(layer.name + ".running_mean"),
               running_var = parameter(layer.name + ".running_var");
    Tensors tensors{{DNNL_ARG_SRC, src}, {DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, shift}};
    if (!training()) {
      tensors[DNNL_ARG_MEAN] = running_mean;
      tensors[DNNL_ARG_VARIANCE] = running_var;
    }
    const auto out = add_node(layer.name, layer.name, Phase::forward,
                              batch_norm_forward(context_, layer.name, md, layer.eps, pass_), tensors);
    current_ = out.at(DNNL_ARG_DST);
    if (!training()) return 0;
    const auto mean = out.at(DNNL_ARG_MEAN), variance = out.at(DNNL_ARG_VARIANCE);
    const auto& dims = shapes_[i].src;
    add_node(layer.name + ".running_statistics", layer.name, Phase::forward,
             batch_norm_update_running(static_cast<int>(dims[1]),
                                       static_cast<double>(dims[0] * dims[2] * dims[3]), layer.momentum),
             {{DNNL_ARG_SRC_0, mean},
              {DNNL_ARG_SRC_1, variance},
              {kArgRunningMean, running_mean},
              {kArgRunningVariance, running_var}});
    backward_.push_back([=, this](TensorId diff_dst, bool) {
      return add_node(layer.name + ".backward", layer.name, Phase::backward,
                      batch_norm_backward(context_, layer.name, md, layer.eps),
                      {{DNNL_ARG_SRC, src},
                       {DNNL_ARG_MEAN, mean},
                       {DNNL_ARG_VARIANCE, variance},
                       {DNNL_ARG_DIFF_DST, diff_dst},
                       {DNNL_ARG_SCALE, scale},
                       {DNNL_ARG_DIFF_SCALE, gradient_of(layer.name + ".weight")},
                       {DNNL_ARG_DIFF_SHIFT, gradient_of(layer.name + ".bias")}})
          .at(DNNL_ARG_DIFF_SRC);
    });
    return 0;
  }

  std::size_t add_relu(std::size_t i) {
    const auto& layer = spec_.layers[i];
    const auto md = memory_of_type(md_of(current_), shapes_[i].src);
    const auto dst = add_node(layer.name, layer.name, Phase::forward,
                              relu_forward(context_, layer.name, md, pass_), {{DNNL_ARG_SRC, current_}})
                         .at(DNNL_ARG_DST);
    current_ = dst;
    backward_.push_back(
        [=, this](TensorId diff_dst, bool) { return unfuse_relu(layer.name, dst, diff_dst); });
    return 0;
  }

  std::size_t add_pool(const LayerSpec& layer, PoolKind kind, const PoolShape& shape) {
    const auto src_md = memory_of_type(md_of(current_), shape.src);
    auto kernel = pool_forward(context_, layer.name, kind, shape, pass_, src_md, wanted_md(shape.dst));
    const auto dst_md = kernel.arguments.at(DNNL_ARG_DST);
    const auto out =
        add_node(layer.name, layer.name, Phase::forward, std::move(kernel), {{DNNL_ARG_SRC, current_}});
    current_ = out.at(DNNL_ARG_DST);
    const TensorId workspace = out.count(DNNL_ARG_WORKSPACE) != 0 ? out.at(DNNL_ARG_WORKSPACE) : kNone;
    backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
      if (!need_diff_src) return kNone;
      return add_backward_stage(layer.name, "",
                                pool_backward(context_, layer.name, kind, shape, src_md, dst_md), {},
                                diff_dst, workspace);
    });
    return 0;
  }

  // A backward kernel DIFF_DST (and WORKSPACE, constants) -> DIFF_SRC.
  TensorId add_backward_stage(const std::string& layer, const std::string& suffix, Kernel kernel,
                              const Arguments& constants, TensorId diff_dst, TensorId workspace) {
    Tensors tensors = add_constants(layer, constants);
    tensors[DNNL_ARG_DIFF_DST] = diff_dst;
    if (workspace != kNone) tensors[DNNL_ARG_WORKSPACE] = workspace;
    return add_node(layer + (suffix.empty() ? "" : "." + suffix) + ".backward_data", layer, Phase::backward,
                    std::move(kernel), tensors)
        .at(DNNL_ARG_DIFF_SRC);
  }

  Tensors add_constants(const std::string& layer, const Arguments& constants) {
    Tensors tensors;
    for (const auto& [argument, constant] : constants) {
      tensors[argument] = add_tensor(layer + ".filter", Role::constant, constant.get_desc());
      graph_.tensors[tensors[argument]].constant = constant;
    }
    return tensors;
  }

  std::size_t add_downsample(const LayerSpec& layer) {
    if (op_.conv_stride != 1) return 0;  // the convolution before did it
    const auto dims = md_of(current_).get_dims();
    for (auto& stage : op_.build(context_, layer.name, memory_of_type(md_of(current_), dims), training())) {
      auto tensors = add_constants(layer.name, stage.forward_constants);
      tensors[DNNL_ARG_SRC] = current_;
      const auto name = layer.name + (stage.suffix.empty() ? "" : "." + stage.suffix);
      const auto out = add_node(name, layer.name, Phase::forward, std::move(stage.forward), tensors);
      current_ = out.at(DNNL_ARG_DST);
      const TensorId workspace = out.count(DNNL_ARG_WORKSPACE) != 0 ? out.at(DNNL_ARG_WORKSPACE) : kNone;
      backward_.push_back([=, this](TensorId diff_dst, bool need_diff_src) {
        if (!need_diff_src) return kNone;
        return add_backward_stage(layer.name, stage.suffix, stage.backward_data, stage.backward_constants,
                                  diff_dst, workspace);
      });
    }
    return 0;
  }

  // Returns the gradient of the logits.
  TensorId add_loss() {
    const int batch = static_cast<int>(md_of(graph_.logits).get_dims()[0]);
    graph_.labels = add_tensor("labels", Role::labels, plain_md({batch, 1}));
    const auto out = add_node("loss", "loss", Phase::loss, bce_with_logits(batch),
                              {{DNNL_ARG_SRC_0, graph_.logits}, {DNNL_ARG_SRC_1, graph_.labels}});
    graph_.loss = out.at(DNNL_ARG_DST);
    graph_.tensors[graph_.loss].keep = true;
    return out.at(DNNL_ARG_DIFF_SRC);
  }

  // The caller's, in the result's own layout.
  TensorId add_result_gradient() {
    graph_.labels = add_tensor("result.grad", Role::labels, md_of(graph_.logits));
    return graph_.labels;
  }

  void add_backward(TensorId diff) {
    for (std::size_t i = backward_.size(); i-- > 0;)
      diff = backward_[i](diff, i > 0 || options_.input_gradient);
    if (!options_.input_gradient) return;
    graph_.input_gradient = diff;
    graph_.tensors[diff].keep = true;
  }

  const Context& context_;
  const NetworkSpec& spec_;
  const DownsampleOp& op_;
  std::vector<LayerShape> shapes_;
  Pass pass_;
  Parameters& parameters_;
  GraphOptions options_;
  Graph graph_;
  TensorId current_ = kNone;
  std::vector<Backward> backward_;
};

Parameter declare(const Context& context, const std::string& name, const memory::dims& shape,
                  const memory::dims& dims, memory::dim fan_in, bool trainable = true) {
  Parameter p;
  p.name = name;
  p.shape = shape;
  p.dims = dims;
  p.trainable = trainable;
  p.fan_in = static_cast<int>(fan_in);
  p.value = memory(plain_md(dims), context.engine);
  return p;
}

}  // namespace

Parameters declare_parameters(const Context& context, const NetworkSpec& spec, const std::string& variant,
                              const memory::dims& input, bool partial) {
  Parameters parameters;
  const auto shapes = infer_shapes(spec, variant, input, partial);
  const auto add = [&](auto&&... arguments) { parameters.all.push_back(declare(context, arguments...)); };
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    if (layer.type == LayerType::conv2d) {
      const auto dims = shapes[i].conv.weights;
      const auto fan_in = dims[1] * dims[2] * dims[3];
      add(layer.name + ".weight", dims, dims, fan_in);
      if (layer.bias) add(layer.name + ".bias", memory::dims{dims[0]}, memory::dims{dims[0]}, fan_in);
    } else if (layer.type == LayerType::linear) {
      const auto dims = inner_product_shape(shapes[i].src, layer.out_features).weights;
      memory::dim fan_in = 1;
      for (std::size_t d = 1; d < dims.size(); ++d) fan_in *= dims[d];
      add(layer.name + ".weight", memory::dims{dims[0], fan_in}, dims, fan_in);
      if (layer.bias) add(layer.name + ".bias", memory::dims{dims[0]}, memory::dims{dims[0]}, fan_in);
    } else if (layer.type == LayerType::batch_norm2d) {
      const memory::dims channels{shapes[i].src[1]};
      for (const char* suffix : {".weight", ".bias"})
        add(layer.name + suffix, channels, channels, memory::dim{1});
      for (const char* suffix : {".running_mean", ".running_var"})
        add(layer.name + suffix, channels, channels, memory::dim{1}, false);
    }
  }
  return parameters;
}

Graph build_graph(const Context& context, const NetworkSpec& spec, const std::string& variant,
                  const memory::dims& input, const GraphOptions& options, Parameters& parameters) {
  return GraphBuilder(context, spec, variant, input, options, parameters).build();
}

}  // namespace dsx

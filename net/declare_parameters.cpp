// Which parameters a network has: their names (PyTorch's), shapes and fan-in.
#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/paged_memory.hpp"
#include "net/arena.hpp"
#include "net/graph.hpp"
#include "net/shapes.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

Parameter declare(const kernels::Context& context, const std::string& name, const memory::dims& shape,
                  const memory::dims& dims, memory::dim fan_in, bool trainable = true) {
  Parameter p;
  p.name = name;
  p.shape = shape;
  p.dims = dims;
  p.trainable = trainable;
  p.fan_in = static_cast<int>(fan_in);
  p.value = kernels::make_paged_memory(kernels::plain_md(dims), context.engine);
  return p;
}

}  // namespace

Parameters declare_parameters(const kernels::Context& context, const NetworkSpec& spec,
                              const std::string& variant, const memory::dims& input, bool partial) {
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
      const auto dims = kernels::inner_product_shape(shapes[i].src, layer.out_features).weights;
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

}  // namespace dsx::net

// A layer type is one file of this folder, which ends with its row: what it takes from YAML, its shape rule,
// its parameters under PyTorch's names, what it adds to the graph, and itself in ONNX's words. Rows stand in
// one table (layer_table.cpp); nothing else names a type, and neighbours ask for properties, not for types.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "kernels/onednn/onnx_node.hpp"
#include "net/graph/parameters.hpp"

namespace dsx::downsample {
struct DownsampleOp;
}

namespace dsx::net {

class GraphWriter;
struct LayerType;

// A whole number, yes or no, or a number in (0, 1].
using LayerValue = std::variant<int, bool, double>;

// A key of a layer in YAML, under PyTorch's name.
struct LayerKey {
  std::string name;
  LayerValue value;  // where the file gives none; its type is the key's
  int least = 0;     // of a whole number
  bool required = false;
  std::string same_as = "";  // where the file gives none: the value of this key, which stands before it
};

// One layer as a network file gives it.
struct LayerSpec {
  const LayerType* type = nullptr;
  std::string name;  // "conv1"; made from the type and a number when the file gives none
  std::map<std::string, LayerValue> values;  // of each key of the type

  int integer(const std::string& key) const { return std::get<int>(values.at(key)); }
  bool flag(const std::string& key) const { return std::get<bool>(values.at(key)); }
  double fraction(const std::string& key) const { return std::get<double>(values.at(key)); }
};

// "Conv2d conv1 out_channels=6 kernel_size=5 stride=1 padding=0 bias=true": what a checkpoint keeps of each
// layer, and compares before it is loaded.
std::string to_string(const LayerSpec& layer);

// A layer among its neighbours, on a source of a given size.
struct LayerPlace {
  const std::vector<LayerSpec>& layers;
  std::size_t index = 0;
  const downsample::DownsampleOp& op;  // the variant: what Downsample stands for
  dnnl::memory::dims src;              // [N, C, H, W] or [N, F]
  bool flat = false;                   // a Flatten came before (a 4-D source stays as it is: only a view)

  const LayerSpec& layer() const { return layers[index]; }
  // The type `ahead` layers further on; nullptr behind the last.
  const LayerType* next(std::size_t ahead = 1) const;
  bool relu_follows() const;
  // True when it reads a ReLU's result, pooled perhaps: much of it is 0.
  bool behind_relu() const;
};

// What a layer reads in an int8 network: f32, whatever comes, or u8 (kernels/onednn/int8.hpp).
enum class Int8 { f32, follows, integers };

struct LayerType {
  std::string name;            // PyTorch's class: "Conv2d"
  std::string short_name;      // unnamed layers are called by it and a number: "conv1"
  std::vector<LayerKey> keys;  // in the order in which checkpoints keep them

  // dst. Throws ConfigError when the source does not fit.
  dnnl::memory::dims (*shape)(const LayerPlace&) = nullptr;
  // Names without the layer's ("weight"), shapes, fan-in; no memory yet. May be null: none.
  std::vector<Parameter> (*parameters)(const LayerPlace&) = nullptr;
  // Appends its nodes, forward and backward; returns how many of the layers behind it they include. May be
  // null: nothing to do.
  std::size_t (*build)(const LayerPlace&, GraphWriter&) = nullptr;
  // Each node reads the one before it.
  std::vector<kernels::OnnxNode> (*onnx)(const LayerPlace&, const Parameters&) = nullptr;
  // Throws ConfigError where it cannot stand, whatever the input. May be null.
  void (*check_place)(const LayerPlace&) = nullptr;

  // How it is quantized in an int8 network. May be null: it runs in f32.
  Int8 (*int8)(const LayerPlace&) = nullptr;

  // What neighbours ask.
  bool is_relu = false;       // kernels before it may take it in
  bool pointwise = false;     // a value depends on its own pixel only: a stride may move across it
  bool takes_stride = false;  // an operator behind it may work through its stride
  bool downsamples = false;   // is the network's operator
  bool keeps_zeros = false;   // a source with many zeros gives a result with many zeros
  bool flattens = false;
  bool takes_flat = false;  // reads the view behind a Flatten
};

// For shape rules. Throws ConfigError.
void need_image(const LayerPlace& place);

}  // namespace dsx::net

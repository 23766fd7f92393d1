// Trainable parameters and BatchNorm buffers. A master copy lives in whatever layout the first plan that
// trains it wants; get and set speak PyTorch's contiguous order (oihw; Linear after Flatten: channel-major
// in_features), so a checkpoint means the same in every layout.
#pragma once

#include <dnnl.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/onednn/context.hpp"
#include "kernels/onednn/sgd_update.hpp"

namespace dsx::net {

struct Parameter {
  std::string name;          // PyTorch's state_dict key: "conv1.weight"
  dnnl::memory::dims shape;  // PyTorch's shape: fc1.weight is {120, 94864}
  // oneDNN's dims of the same values: {120, 16, 77, 77} for a Linear after Flatten, unless its kernel wants a
  // matrix.
  dnnl::memory::dims dims;
  bool trainable = true;          // false: BatchNorm running_mean / running_var
  int fan_in = 0;                 // of the layer, for the initialisation
  std::optional<float> constant;  // initialised to it (BatchNorm's 1 and 0) instead of drawn by fan-in
  dnnl::memory value;             // master, f32
  dnnl::memory grad;              // same descriptor as value; allocated by the first training plan
  std::shared_ptr<kernels::UpdateSlot>
      update;  // where a backward kernel can apply the optimizer's update itself

  std::size_t count() const;                // values in PyTorch's shape, without oneDNN's padding
  std::vector<float> get() const;           // in PyTorch's order
  void set(std::span<const float> values);  // from PyTorch's order; throws DataError on a wrong count
  std::vector<float> get_grad() const;      // in PyTorch's order
  // Values of any memory that shares this parameter's descriptor (momentum, Adam's moments), in PyTorch's
  // order.
  std::vector<float> unpack(const dnnl::memory& memory) const;
  void pack(std::span<const float> values, dnnl::memory& memory) const;
};

struct Parameters {
  std::vector<Parameter> all;
  std::size_t trainable_count() const;  // 11,396,621 for the study's network
  Parameter& at(const std::string& name);
  const Parameter& at(const std::string& name) const;
};

}  // namespace dsx::net

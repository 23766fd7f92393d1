// Between a network and its plan: the list of kernels in order of execution, with the tensors they read and
// write, before any memory exists. Layers are translated to it (net/layers); layouts are reconciled and
// memory is assigned after it (net/plan).
#pragma once

#include <dnnl.hpp>
#include <map>
#include <string>
#include <vector>

#include "kernels/onednn/int8.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::net {

using TensorId = int;
constexpr TensorId kNoTensor = -1;

enum class Role {
  input,           // the caller's images
  labels,          // the caller's labels, or the gradient of a partial network's result
  activation,      // anything computed in between: activations, gradients of activations, workspaces
  parameter,       // Parameters::all[parameter].value
  parameter_grad,  // Parameters::all[parameter].grad
  constant,        // memory made at construction (blur filter)
};

struct Tensor {
  std::string name;  // "conv1.dst", "pool1.workspace"
  Role role = Role::activation;
  dnnl::memory::desc md;  // as its producer writes it (parameters and their gradients: the master's)
  int parameter = -1;     // index into Parameters::all
  dnnl::memory constant;  // Role::constant
  kernels::U8Scale u8;    // what its integers mean, where they are u8
  bool keep = false;      // read from outside after the run (logits, loss): its memory is not reused
};

struct Node {
  std::string name, layer;
  kernels::Phase phase = kernels::Phase::forward;
  kernels::Kernel kernel;
  std::map<int, TensorId> tensors;  // by DNNL_ARG_*; the scratchpad is not listed
};

struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  TensorId input = kNoTensor, labels = kNoTensor;
  TensorId logits = kNoTensor, loss = kNoTensor;  // logits: a partial network's result
  TensorId input_gradient = kNoTensor;
};

}  // namespace dsx::net

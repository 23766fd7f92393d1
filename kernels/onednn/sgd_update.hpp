// The update of SGD, torch.optim.SGD without dampening, for one weight or one vector of weights; and the slot
// through which an optimizer hands it to a backward kernel, so that a large matrix is read and written once
// per step instead of its gradient being stored and read again.
#pragma once

namespace dsx::kernels {

struct SgdRule {
  float lr = 0, momentum = 0,
        weight_decay = 0;  // weight_decay times the weight is added to the gradient (L2)
  bool nesterov = false;
};

// A parameter's: a kernel that computes its gradient may apply `rule` at once while the slot is armed and
// `weights` is what it reads; it then writes no gradient and sets `applied`. Otherwise it writes the gradient
// as usual.
struct UpdateSlot {
  bool armed = false, applied = false;
  SgdRule rule;
  const float* weights = nullptr;    // the master copy
  float* momentum_buffer = nullptr;  // in the layout of the weights
};

// Separate roundings (no fused multiply-add), so that every path gives the same bits.
inline void sgd_update(const SgdRule& rule, float gradient, float& weight, float& buffer) {
  const float g = gradient + rule.weight_decay * weight;
  const float v = rule.momentum * buffer + g;
  buffer = v;
  weight -= rule.lr * (rule.nesterov ? g + rule.momentum * v : v);
}

}  // namespace dsx::kernels

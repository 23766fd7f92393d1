// One training step, the same for all who take one (training, the sweep's estimate, benchmarks, the worker),
// with every call that the plan and the optimizer ask for, in their order.
#pragma once

#include "net/optimizer.hpp"
#include "net/plan/plan.hpp"

namespace dsx::net {

// Forward pass and loss of the batch that the plan's source and labels hold; the mean loss.
double forward_and_loss(Plan& plan);
// What follows it: the gradients, the optimizer's update (within the backward pass where a kernel can), and
// the plan's copies of the weights anew.
void backward_and_update(Plan& plan, Optimizer& optimizer, double lr);

// Both; the loss before the update.
double training_step(Plan& plan, Optimizer& optimizer, double lr);

}  // namespace dsx::net

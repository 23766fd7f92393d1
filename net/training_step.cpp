#include "net/training_step.hpp"

namespace dsx::net {

double forward_and_loss(Plan& plan) {
  plan.forward();
  return plan.loss();
}

void backward_and_update(Plan& plan, Optimizer& optimizer, double lr) {
  optimizer.update_in_backward(lr);
  plan.backward();
  optimizer.step(lr);
  plan.pack();
}

double training_step(Plan& plan, Optimizer& optimizer, double lr) {
  const double loss = forward_and_loss(plan);
  backward_and_update(plan, optimizer, lr);
  return loss;
}

}  // namespace dsx::net

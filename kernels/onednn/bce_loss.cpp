#include "kernels/onednn/bce_loss.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/onednn/layout.hpp"

namespace dsx::kernels {

double bce_with_logits_value(double logit, double label) {
  return std::max(logit, 0.0) - logit * label + std::log1p(std::exp(-std::abs(logit)));
}

Kernel bce_with_logits(int batch) {
  Kernel kernel;
  kernel.kind = "bce_with_logits";
  kernel.impl = "ours:double";
  kernel.cost = {8.0 * batch, 3.0 * batch * sizeof(float)};
  const auto md = plain_md({batch, 1});
  kernel.arguments = {
      {DNNL_ARG_SRC_0, md}, {DNNL_ARG_SRC_1, md}, {DNNL_ARG_DST, plain_md({1})}, {DNNL_ARG_DIFF_SRC, md}};
  kernel.is_output = {
      {DNNL_ARG_SRC_0, false}, {DNNL_ARG_SRC_1, false}, {DNNL_ARG_DST, true}, {DNNL_ARG_DIFF_SRC, true}};
  kernel.native = [batch](const Arguments& arguments) {
    const auto* logits = static_cast<const float*>(arguments.at(DNNL_ARG_SRC_0).get_data_handle());
    const auto* labels = static_cast<const float*>(arguments.at(DNNL_ARG_SRC_1).get_data_handle());
    auto* loss = static_cast<float*>(arguments.at(DNNL_ARG_DST).get_data_handle());
    auto* diff = static_cast<float*>(arguments.at(DNNL_ARG_DIFF_SRC).get_data_handle());
    double sum = 0;
    for (int n = 0; n < batch; ++n) {
      const double x = logits[n];
      sum += bce_with_logits_value(x, labels[n]);
      diff[n] = static_cast<float>((1 / (1 + std::exp(-x)) - labels[n]) / batch);
    }
    *loss = static_cast<float>(sum / batch);
  };
  return kernel;
}

}  // namespace dsx::kernels

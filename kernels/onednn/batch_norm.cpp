#include "kernels/onednn/batch_norm.hpp"

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::memory;
using dnnl::normalization_flags;

namespace {

dnnl::batch_normalization_forward::primitive_desc batch_norm_pd(const Context& context,
                                                                const memory::desc& md, double eps,
                                                                Pass pass) {
  auto flags = normalization_flags::use_scale | normalization_flags::use_shift;
  if (pass == Pass::inference) flags = flags | normalization_flags::use_global_stats;
  const auto prop =
      pass == Pass::inference ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  return {context.engine, prop, md, md, static_cast<float>(eps), flags, user_scratchpad_attr()};
}

double element_count(const memory::desc& md) {
  return unpadded_bytes(md) / static_cast<double>(memory::data_type_size(md.get_data_type()));
}

}  // namespace

Kernel batch_norm_forward(const Context& context, const std::string& layer, const memory::desc& md,
                          double eps, Pass pass) {
  const auto pd = batch_norm_pd(context, md, eps, pass);
  // Statistics take two passes of an addition and a multiply-add; applying them is one multiply-add.
  const double flop = element_count(md) * (pass == Pass::inference ? 2 : 6);
  auto kernel = pass == Pass::inference
                    ? make_kernel<dnnl::batch_normalization_forward>(
                          "batch_normalization", pd,
                          {DNNL_ARG_SRC, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE, DNNL_ARG_SCALE, DNNL_ARG_SHIFT},
                          {DNNL_ARG_DST}, flop)
                    : make_kernel<dnnl::batch_normalization_forward>(
                          "batch_normalization", pd, {DNNL_ARG_SRC, DNNL_ARG_SCALE, DNNL_ARG_SHIFT},
                          {DNNL_ARG_DST, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE}, flop);
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel batch_norm_backward(const Context& context, const std::string& layer, const memory::desc& md,
                           double eps) {
  const auto hint = batch_norm_pd(context, md, eps, Pass::training);
  const auto flags = normalization_flags::use_scale | normalization_flags::use_shift;
  const dnnl::batch_normalization_backward::primitive_desc pd(context.engine, dnnl::prop_kind::backward, md,
                                                              md, md, static_cast<float>(eps), flags, hint,
                                                              user_scratchpad_attr());
  auto kernel = make_kernel<dnnl::batch_normalization_backward>(
      "batch_normalization", pd,
      {DNNL_ARG_SRC, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE, DNNL_ARG_DIFF_DST, DNNL_ARG_SCALE},
      {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_SCALE, DNNL_ARG_DIFF_SHIFT}, element_count(md) * 8);
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel batch_norm_update_running(int channels, double count, double momentum) {
  Kernel kernel;
  kernel.kind = "running_statistics";
  kernel.impl = "ours:scalar";
  kernel.cost = {6.0 * channels, 6.0 * channels * sizeof(float)};
  const auto md = plain_md({channels});
  for (const int argument : {int{DNNL_ARG_SRC_0}, int{DNNL_ARG_SRC_1}}) {
    kernel.arguments[argument] = md;
    kernel.is_output[argument] = false;
  }
  for (const int argument : {kArgRunningMean, kArgRunningVariance}) {
    kernel.arguments[argument] = md;
    kernel.is_output[argument] = true;
  }
  const double unbias = count > 1 ? count / (count - 1) : 1;
  kernel.native = [channels, unbias, momentum](const Arguments& arguments) {
    const auto* mean = static_cast<const float*>(arguments.at(DNNL_ARG_SRC_0).get_data_handle());
    const auto* variance = static_cast<const float*>(arguments.at(DNNL_ARG_SRC_1).get_data_handle());
    auto* running_mean = static_cast<float*>(arguments.at(kArgRunningMean).get_data_handle());
    auto* running_variance = static_cast<float*>(arguments.at(kArgRunningVariance).get_data_handle());
    for (int c = 0; c < channels; ++c) {
      running_mean[c] = static_cast<float>((1 - momentum) * running_mean[c] + momentum * mean[c]);
      running_variance[c] =
          static_cast<float>((1 - momentum) * running_variance[c] + momentum * variance[c] * unbias);
    }
  };
  return kernel;
}

}  // namespace dsx::kernels

#include "kernels/onednn/relu.hpp"

#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::algorithm;
using dnnl::memory;

namespace {

double elements_of(const memory::desc& md) {
  return unpadded_bytes(md) / static_cast<double>(memory::data_type_size(md.get_data_type()));
}

}  // namespace

Kernel relu_forward(const Context& context, const std::string& layer, const memory::desc& md, Pass pass) {
  const auto prop =
      pass == Pass::inference ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  const dnnl::eltwise_forward::primitive_desc pd(
      context.engine, prop, algorithm::eltwise_relu_use_dst_for_bwd, md, md, 0.f, user_scratchpad_attr());
  auto kernel =
      make_kernel<dnnl::eltwise_forward>("eltwise", pd, {DNNL_ARG_SRC}, {DNNL_ARG_DST}, elements_of(md));
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel relu_backward(const Context& context, const std::string& layer, const memory::desc& md) {
  const auto kind = algorithm::eltwise_relu_use_dst_for_bwd;
  const dnnl::eltwise_forward::primitive_desc hint(context.engine, dnnl::prop_kind::forward_training, kind,
                                                   md, md, 0.f);
  const dnnl::eltwise_backward::primitive_desc pd(context.engine, kind, md, md, md, 0.f, hint,
                                                  user_scratchpad_attr());
  auto kernel = make_kernel<dnnl::eltwise_backward>("eltwise", pd, {DNNL_ARG_DST, DNNL_ARG_DIFF_DST},
                                                    {DNNL_ARG_DIFF_SRC}, elements_of(md));
  refuse_ref(context, layer, kernel);
  return kernel;
}

}  // namespace dsx::kernels

#include "kernels/downsample/parts.hpp"

namespace dsx::downsample {

using dnnl::memory;

memory::dims halved(const memory::dims& src) { return {src[0], src[1], src[2] / 2, src[3] / 2}; }

double element_count(const memory::dims& dims) {
  double count = 1;
  for (const auto d : dims) count *= static_cast<double>(d);
  return count;
}

double read_and_write(const memory::dims& src, memory::data_type type) {
  return (element_count(src) + element_count(halved(src))) *
         static_cast<double>(memory::data_type_size(type));
}

DownsampleStage pool_stage(const kernels::Context& context, const std::string& layer, kernels::PoolKind kind,
                           const kernels::PoolShape& shape, const memory::desc& src_md, bool training,
                           const std::string& suffix) {
  const auto want_dst = kernels::activation_md(shape.dst, src_md.get_data_type(), context.layout);
  DownsampleStage stage;
  stage.suffix = suffix;
  stage.forward =
      kernels::pool_forward(context, layer, kind, shape,
                            training ? kernels::Pass::training : kernels::Pass::inference, src_md, want_dst);
  if (training) {
    const auto dst_md = stage.forward.arguments.at(DNNL_ARG_DST);
    stage.backward_data = kernels::pool_backward(context, layer, kind, shape, src_md, dst_md);
  }
  return stage;
}

}  // namespace dsx::downsample

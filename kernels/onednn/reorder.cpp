#include "kernels/onednn/reorder.hpp"

#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

Kernel reorder(const Context& context, const dnnl::memory::desc& from_md, const dnnl::memory::desc& to_md) {
  const dnnl::reorder::primitive_desc pd(context.engine, from_md, context.engine, to_md,
                                         user_scratchpad_attr());
  return make_kernel<dnnl::reorder>("reorder", pd, {DNNL_ARG_FROM}, {DNNL_ARG_TO}, 0);
}

void reorder_now(const dnnl::memory& from, dnnl::memory& to) {
  dnnl::stream stream(from.get_engine());
  auto source = from;
  dnnl::reorder(source, to).execute(stream, source, to);
  stream.wait();
}

}  // namespace dsx::kernels

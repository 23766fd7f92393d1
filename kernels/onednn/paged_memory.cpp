#include "kernels/onednn/paged_memory.hpp"

#include "kernels/base/pages.hpp"

namespace dsx::kernels {

dnnl::memory make_paged_memory(const dnnl::memory::desc& md, const dnnl::engine& engine) {
  dnnl::memory made(md, engine);
  advise_large_pages(made.get_data_handle(), md.get_size());
  return made;
}

}  // namespace dsx::kernels

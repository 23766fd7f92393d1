// An activation as a loop over its rows meets it, whatever its layout: what the operators whose kernels are
// ours share.
#pragma once

#include <cstddef>
#include <dnnl.hpp>

namespace dsx::downsample {

// [outer, height, width, inner], dense: nchw has inner 1, nhwc all channels, a blocked layout its block. A
// source in another layout is wanted in nhwc (`tag`).
struct ImageRows {
  dnnl::memory::format_tag tag = dnnl::memory::format_tag::nhwc;
  std::size_t outer = 0, height = 0, width = 0, inner = 0;

  explicit ImageRows(const dnnl::memory::desc& md) {
    using tag_t = dnnl::memory::format_tag;
    const auto dims = md.get_dims();
    for (const auto known : {tag_t::nhwc, tag_t::nchw, tag_t::nChw8c, tag_t::nChw16c}) {
      if (dnnl::memory::desc(dims, md.get_data_type(), known) == md) tag = known;
    }
    const dnnl::memory::dim block = tag == tag_t::nChw8c    ? 8
                                    : tag == tag_t::nChw16c ? 16
                                    : tag == tag_t::nchw    ? 1
                                                            : dims[1];
    outer = static_cast<std::size_t>(dims[0] * ((dims[1] + block - 1) / block));
    height = static_cast<std::size_t>(dims[2]);
    width = static_cast<std::size_t>(dims[3]);
    inner = static_cast<std::size_t>(block);
  }
  std::size_t row() const { return width * inner; }              // floats of a source row
  std::size_t dst_row() const { return width / 2 * inner; }      // of a row of the halved image
  std::size_t dst_rows() const { return outer * (height / 2); }  // over all of outer
  // The first of the two source rows of dst row `r`, counted over all of outer.
  std::size_t source_row(std::size_t r) const { return r / (height / 2) * height + 2 * (r % (height / 2)); }
};

}  // namespace dsx::downsample

// What several operators are made of.
#pragma once

#include <string>

#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/pool.hpp"

namespace dsx::downsample {

dnnl::memory::dims halved(const dnnl::memory::dims& src);
double element_count(const dnnl::memory::dims& dims);

// Least bytes of an operator that reads all of src once and writes dst.
double read_and_write(const dnnl::memory::dims& src, dnnl::memory::data_type type);

// One of oneDNN's poolings as a stage.
DownsampleStage pool_stage(const kernels::Context& context, const std::string& layer, kernels::PoolKind kind,
                           const kernels::PoolShape& shape, const dnnl::memory::desc& src_md, bool training,
                           const std::string& suffix = "");

}  // namespace dsx::downsample

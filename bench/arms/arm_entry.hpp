// One benchmark arm before it is built. A combination that cannot be is an arm too; building it throws the
// reason, and the report shows that.
#pragma once

#include <functional>
#include <string>

#include "bench/arms/work.hpp"

namespace dsx::bench {

struct ArmEntry {
  std::string name;
  int threads = 1;
  dnnl::memory::data_type dtype = dnnl::memory::data_type::f32;
  CacheState cache = CacheState::hot;
  std::function<Work()> build;  // with OpenMP's team at `threads`
};

}  // namespace dsx::bench

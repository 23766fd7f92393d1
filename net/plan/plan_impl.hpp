// What a Plan holds; shared by plan.cpp (runs it) and network.cpp (makes it).
#pragma once

#include "net/plan/plan.hpp"
#include "net/plan/planner.hpp"

namespace dsx::net {

struct Plan::Impl {
  dnnl::stream stream;
  PlannedMemory planned;
  dnnl::memory::desc src_md;
  int batch = 0;
  int threads = 1;
  bool training = false;
  bool packed = false;
};

}  // namespace dsx::net

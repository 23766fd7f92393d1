// The buffers of a plan in the making: each holds a tensor's values in one layout and lives from one step to
// another. When all are known, each gets its place in one of two blocks of memory.
#pragma once

#include <dnnl.hpp>
#include <list>
#include <vector>

#include "kernels/base/pages.hpp"
#include "net/plan/arena.hpp"

namespace dsx::net {

// Same bytes in the same places: descriptors may still differ in the stride of a dimension of size 1
// (one-channel images are nchw and nhwc at once), and a reorder between those would only copy.
bool same_bytes(const dnnl::memory::desc& a, const dnnl::memory::desc& b);

struct Buffer {
  dnnl::memory mem;
  std::vector<dnnl::memory> aliases;  // the same bytes under equivalent descriptors
  Lifetime life;
  enum class Home { arena, persistent, external } home = Home::arena;
  int readers = 0;  // steps
};

struct PlacedBuffers {
  AlignedBytes arena, persistent;  // persistent: packed weights, labels
  std::size_t arena_bytes = 0, unshared_bytes = 0;
};

class Buffers {
 public:
  explicit Buffers(dnnl::engine engine) : engine_(std::move(engine)) {}

  // Without memory yet; lives in step `step` only. The address stays.
  Buffer* add(const dnnl::memory::desc& md, Buffer::Home home, int step);
  // A buffer's bytes under `md`, which describes the same places.
  dnnl::memory view(Buffer& buffer, const dnnl::memory::desc& md) const;
  // Steps that run all at once: what lives in one of them lives in all.
  void live_together(int first_step, int last_step);
  PlacedBuffers place();

 private:
  std::vector<Buffer*> at_home(Buffer::Home home);

  dnnl::engine engine_;
  std::list<Buffer> all_;  // stable addresses
};

}  // namespace dsx::net

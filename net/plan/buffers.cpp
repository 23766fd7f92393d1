#include "net/plan/buffers.hpp"

#include <algorithm>
#include <utility>

namespace dsx::net {

using dnnl::memory;

namespace {

void set_handle(Buffer& buffer, void* handle) {
  buffer.mem.set_data_handle(handle);
  for (auto& alias : buffer.aliases) alias.set_data_handle(handle);
}

}  // namespace

bool same_bytes(const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  const auto blocked = memory::format_kind::blocked;
  if (a.get_format_kind() != blocked || b.get_format_kind() != blocked) return false;
  if (a.get_data_type() != b.get_data_type() || a.get_dims() != b.get_dims() ||
      a.get_padded_dims() != b.get_padded_dims() || a.get_inner_nblks() != 0 || b.get_inner_nblks() != 0 ||
      a.get_size() != b.get_size()) {
    return false;
  }
  const auto dims = a.get_dims(), a_strides = a.get_strides(), b_strides = b.get_strides();
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] != 1 && a_strides[d] != b_strides[d]) return false;
  }
  return true;
}

Buffer* Buffers::add(const memory::desc& md, Buffer::Home home, int step) {
  Buffer buffer;
  buffer.mem = memory(md, engine_, DNNL_MEMORY_NONE);
  buffer.home = home;
  buffer.life = {md.get_size(), step, step};
  all_.push_back(std::move(buffer));
  return &all_.back();
}

memory Buffers::view(Buffer& buffer, const memory::desc& md) const {
  if (buffer.mem.get_desc() == md) return buffer.mem;
  for (auto& alias : buffer.aliases) {
    if (alias.get_desc() == md) return alias;
  }
  buffer.aliases.emplace_back(md, engine_, buffer.mem.get_data_handle());
  return buffer.aliases.back();
}

void Buffers::live_together(int first_step, int last_step) {
  for (auto& buffer : all_) {
    auto& life = buffer.life;
    if (life.first > last_step || life.last < first_step) continue;
    life.first = std::min(life.first, first_step);
    life.last = std::max(life.last, last_step);
  }
}

std::vector<Buffer*> Buffers::at_home(Buffer::Home home) {
  std::vector<Buffer*> chosen;
  for (auto& buffer : all_) {
    if (buffer.home == home) chosen.push_back(&buffer);
  }
  return chosen;
}

PlacedBuffers Buffers::place() {
  PlacedBuffers placed;
  const auto arena = at_home(Buffer::Home::arena);
  std::vector<Lifetime> lives;
  for (const auto* buffer : arena) lives.push_back(buffer->life);
  const auto layout = assign_offsets(lives);
  placed.arena = allocate_pages(layout.bytes);
  placed.arena_bytes = layout.bytes;
  for (const auto& life : lives) placed.unshared_bytes += life.bytes;
  for (std::size_t i = 0; i < arena.size(); ++i)
    set_handle(*arena[i], placed.arena.get() + layout.offsets[i]);

  const auto persistent = at_home(Buffer::Home::persistent);
  std::vector<Lifetime> whole_run;
  for (const auto* buffer : persistent) whole_run.push_back({buffer->life.bytes, 0, 0});
  const auto fixed = assign_offsets(whole_run);
  placed.persistent = allocate_pages(fixed.bytes);
  for (std::size_t i = 0; i < persistent.size(); ++i)
    set_handle(*persistent[i], placed.persistent.get() + fixed.offsets[i]);
  return placed;
}

}  // namespace dsx::net

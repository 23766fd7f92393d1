// One block of address space for all cached images (the system gives pages as they are written), and one
// atomic state per image: absent, being copied, or its place in the block.
#include "data/loading/memory_cache.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "kernels/base/pages.hpp"

namespace dsx::data {
namespace {

constexpr std::int32_t kAbsent = -1, kBusy = -2;

class MemoryCache : public Dataset {
 public:
  MemoryCache(std::unique_ptr<Dataset> base, std::size_t budget_bytes)
      : base_(std::move(base)),
        image_bytes_(base_->shape().count()),
        capacity_(std::min(base_->items().size(), budget_bytes / std::max<std::size_t>(1, image_bytes_))),
        block_(allocate_pages(capacity_ * image_bytes_)),
        places_(base_->items().size()) {
    for (auto& place : places_) place.store(kAbsent, std::memory_order_relaxed);
  }
  const std::vector<Item>& items() const override { return base_->items(); }
  ImageShape shape() const override { return base_->shape(); }
  const std::vector<std::string>& class_names() const override { return base_->class_names(); }
  std::string description() const override { return base_->description(); }
  std::string digest() const override { return base_->digest(); }
  const std::vector<std::string>& skipped() const override { return base_->skipped(); }
  const std::vector<std::string>& notes() const override { return base_->notes(); }
  std::string intensity() const override { return base_->intensity(); }
  const std::vector<SourceSize>& source_sizes() const override { return base_->source_sizes(); }

  std::span<const std::uint8_t> in_memory(std::size_t index) const override {
    const std::int32_t place = places_.at(index).load(std::memory_order_acquire);
    if (place < 0) return {};
    return {at(place), image_bytes_};
  }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    if (const auto pixels = in_memory(index); !pixels.empty()) {
      std::memcpy(chw.data(), pixels.data(), image_bytes_);
      return;
    }
    std::atomic<std::int32_t>& state = places_.at(index);
    base_->read(index, chw);
    if (used_.load(std::memory_order_relaxed) >= capacity_) return;
    std::int32_t expected = kAbsent;
    if (!state.compare_exchange_strong(expected, kBusy, std::memory_order_relaxed))
      return;  // another thread keeps it
    const std::size_t mine = used_.fetch_add(1, std::memory_order_relaxed);
    if (mine >= capacity_) {
      state.store(kAbsent, std::memory_order_relaxed);
      return;
    }
    std::memcpy(at(static_cast<std::int32_t>(mine)), chw.data(), image_bytes_);
    state.store(static_cast<std::int32_t>(mine), std::memory_order_release);
  }

 private:
  std::uint8_t* at(std::int32_t place) const {
    return reinterpret_cast<std::uint8_t*>(block_.get()) + static_cast<std::size_t>(place) * image_bytes_;
  }

  std::unique_ptr<Dataset> base_;
  std::size_t image_bytes_, capacity_;
  AlignedBytes block_;
  mutable std::vector<std::atomic<std::int32_t>> places_;
  mutable std::atomic<std::size_t> used_{0};
};

}  // namespace

std::unique_ptr<Dataset> with_memory_cache(std::unique_ptr<Dataset> dataset, std::size_t budget_bytes) {
  if (budget_bytes < dataset->shape().count()) return dataset;
  return std::make_unique<MemoryCache>(std::move(dataset), budget_bytes);
}

}  // namespace dsx::data

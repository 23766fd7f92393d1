// Memory that is needed next, brought into the L2 cache a few lines at a time between pieces of arithmetic:
// the hardware's own prefetching gets going only when the piece that needs it has begun.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

namespace dsx::kernels {

inline constexpr std::size_t kCacheLineBytes = 64;

struct Stretch {
  const void* at = nullptr;
  std::size_t bytes = 0;
};
// What thread `thread` of a kernel's team reads first.
using FirstReads = std::function<Stretch(int thread)>;

class PrefetchQueue {
 public:
  void clear() { count_ = next_ = 0, lines_ = 0; }
  // What no longer fits is left to the hardware.
  void add(const void* from, std::size_t bytes) {
    if (count_ == spans_.size() || bytes == 0) return;
    const std::size_t lines = bytes / kCacheLineBytes + 1;
    spans_[count_++] = {static_cast<const char*>(from), lines};
    lines_ += lines;
  }
  // next() will be called so many times.
  void share_out(std::size_t calls) { per_call_ = lines_ / std::max<std::size_t>(calls, 1) + 1; }
  void next() {
    for (std::size_t left = per_call_; left > 0 && next_ < count_;) {
      Span& span = spans_[next_];
      const std::size_t lines = std::min(left, span.lines);
      for (std::size_t i = 0; i < lines; ++i) __builtin_prefetch(span.at + i * kCacheLineBytes, 0, 2);
      span.at += lines * kCacheLineBytes;
      span.lines -= lines;
      left -= lines;
      if (span.lines == 0) ++next_;
    }
  }

 private:
  struct Span {
    const char* at = nullptr;
    std::size_t lines = 0;
  };
  std::array<Span, 96> spans_;
  std::size_t count_ = 0, next_ = 0, lines_ = 0, per_call_ = 1;
};

}  // namespace dsx::kernels

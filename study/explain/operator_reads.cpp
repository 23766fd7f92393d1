#include "study/explain/operator_reads.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "study/explain/operator_reads.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dsx::explain::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;  // a cache line at most

template <PoolOf kWhat>
HWY_INLINE void pool_pixel(const float* HWY_RESTRICT upper, const float* HWY_RESTRICT lower,
                           float* HWY_RESTRICT to, int channels, int left_in_row) {
  const Floats d;
  const int lanes = static_cast<int>(hn::Lanes(d));
  for (int c = 0; c < channels; c += lanes) {
    const auto a = hn::LoadU(d, upper + c), b = hn::LoadU(d, upper + channels + c);
    const auto e = hn::LoadU(d, lower + c), f = hn::LoadU(d, lower + channels + c);
    const auto value = kWhat == PoolOf::maximum
                           ? hn::Max(hn::Max(a, b), hn::Max(e, f))
                           : hn::Mul(hn::Add(hn::Add(a, b), hn::Add(e, f)), hn::Set(d, 0.25F));
    // The next pixels write over what is too much, but behind a row another thread's may begin.
    if (left_in_row - c < lanes) {
      HWY_ALIGN float values[16];
      hn::Store(value, d, values);
      std::copy_n(values, std::min(channels, left_in_row) - c, to + c);
    } else {
      hn::StoreU(value, d, to + c);
    }
  }
}

template <PoolOf kWhat>
void pool(const PooledImages& images, const float* source, float* destination, int first, int last,
          const ReadOrder& order) {
  constexpr int kLineFloats = 16;
  const int channels = images.channels, out_width = images.out_width();
  const std::size_t row = static_cast<std::size_t>(images.width) * channels,
                    out_row = static_cast<std::size_t>(out_width) * channels;
  const int piece = (last - first + order.streams - 1) / order.streams;
  const int ahead = order.ahead_bytes / 4;
  for (int i = 0; i < piece; ++i) {
    std::array<const float*, kMostStreams> from{};
    std::array<float*, kMostStreams> to{};
    int streams = 0;
    for (int s = 0; s < order.streams && first + s * piece + i < last; ++s, ++streams) {
      const int out = first + s * piece + i, image = out / images.out_height(), y = out % images.out_height();
      from[s] = source + (static_cast<std::size_t>(image) * images.height + 2 * y) * row;
      to[s] = destination + out * out_row;
    }
    for (int x = 0; x < out_width; ++x) {
      const std::size_t at = static_cast<std::size_t>(x) * 2 * channels;
      for (int s = 0; s < streams; ++s) {
        for (int line = 0; ahead > 0 && line < 2 * channels; line += kLineFloats) {
          __builtin_prefetch(from[s] + at + ahead + line, 0, 3);
          __builtin_prefetch(from[s] + row + at + ahead + line, 0, 3);
        }
        pool_pixel<kWhat>(from[s] + at, from[s] + row + at, to[s] + static_cast<std::size_t>(x) * channels,
                          channels, (out_width - x) * channels);
      }
    }
  }
}

void pool_maximum(const PooledImages& images, const float* source, float* destination, int first, int last,
                  const ReadOrder& order) {
  pool<PoolOf::maximum>(images, source, destination, first, last, order);
}
void pool_average(const PooledImages& images, const float* source, float* destination, int first, int last,
                  const ReadOrder& order) {
  pool<PoolOf::average>(images, source, destination, first, last, order);
}

float read(const float* source, std::size_t floats, int streams) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d), line = 16;
  const std::size_t piece = floats / static_cast<std::size_t>(streams) / line * line;
  auto low = hn::Zero(d), high = hn::Zero(d);
  for (std::size_t i = 0; i < piece; i += line) {
    for (int s = 0; s < streams; ++s) {
      const float* at = source + s * piece + i;
      for (std::size_t k = 0; k < line; k += 2 * lanes) {
        low = hn::Max(low, hn::LoadU(d, at + k));
        if (k + lanes < line) high = hn::Max(high, hn::LoadU(d, at + k + lanes));
      }
    }
  }
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(low, high)));
}

}  // namespace
}  // namespace dsx::explain::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::explain {
namespace {

HWY_EXPORT(pool_maximum);
HWY_EXPORT(pool_average);
HWY_EXPORT(read);

}  // namespace

void pool_rows(PoolOf what, const PooledImages& images, const float* source, float* destination, int first,
               int last, const ReadOrder& order) {
  if (order.streams < 1 || order.streams > kMostStreams) throw std::logic_error("pool_rows: streams");
  if (what == PoolOf::maximum)
    HWY_DYNAMIC_DISPATCH(pool_maximum)(images, source, destination, first, last, order);
  else
    HWY_DYNAMIC_DISPATCH(pool_average)(images, source, destination, first, last, order);
}

float read_floats(const float* source, std::size_t floats, int streams) {
  return HWY_DYNAMIC_DISPATCH(read)(source, floats, streams);
}

}  // namespace dsx::explain
#endif

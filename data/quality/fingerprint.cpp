// Each thread reads, hashes and forgets one image at a time.
#include "data/quality/fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>

#include "data/io/files.hpp"
#include "data/quality/perceptual_hash.hpp"
#include "data/sources/import.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace {

constexpr int kDark = 4, kBright = 251;  // "black" and "white" after compression

struct Sum {
  double count = 0, total = 0, square = 0, dark = 0, bright = 0;
  void add(std::uint8_t value) {
    ++count;
    total += value;
    square += double{1} * value * value;
    dark += value <= kDark;
    bright += value >= kBright;
  }
  double mean() const { return count > 0 ? total / count : 0; }
};

struct Frame {
  ImageShape shape;
  int thickness;  // of the frame, pixels
  // Which side a pixel belongs to: 0 top, 1 bottom, 2 left, 3 right, -1 none. Corners are top's or bottom's.
  int side(int y, int x) const {
    if (y < thickness) return 0;
    if (y >= shape.height - thickness) return 1;
    if (x < thickness) return 2;
    return x >= shape.width - thickness ? 3 : -1;
  }
};

BorderStatistics border_of(ImageShape shape, std::span<const std::uint8_t> chw) {
  const Frame frame{shape, std::max(1, std::min(shape.height, shape.width) / 20)};
  std::array<Sum, 4> sides;
  Sum all;
  std::size_t at = 0;
  for (int c = 0; c < shape.channels; ++c)
    for (int y = 0; y < shape.height; ++y)
      for (int x = 0; x < shape.width; ++x, ++at) {
        const int side = frame.side(y, x);
        if (side < 0) {
          const int inside = shape.width - 2 * frame.thickness;  // to the right part of the frame
          x += inside - 1;
          at += static_cast<std::size_t>(inside - 1);
          continue;
        }
        sides[static_cast<std::size_t>(side)].add(chw[at]);
        all.add(chw[at]);
      }
  const double variance = all.square / all.count - all.mean() * all.mean();
  const std::array<double, kBorderStatistics> values = {
      all.mean(),           std::sqrt(std::max(0.0, variance)),
      all.dark / all.count, all.bright / all.count,
      sides[0].mean(),      sides[1].mean(),
      sides[2].mean(),      sides[3].mean()};
  BorderStatistics result;
  std::transform(values.begin(), values.end(), result.begin(),
                 [](double v) { return static_cast<float>(v); });
  return result;
}

}  // namespace

const std::array<std::string, kBorderStatistics>& border_statistic_names() {
  static const std::array<std::string, kBorderStatistics> names = {
      "mean", "standard deviation", "share of black", "share of white", "top", "bottom", "left", "right"};
  return names;
}

Fingerprint fingerprint_of(ImageShape shape, std::span<const std::uint8_t> chw) {
  Fingerprint result;
  const std::string sha = sha256_hex(chw);
  for (std::size_t i = 0; i < result.pixels.size(); ++i)
    result.pixels[i] = std::stoull(sha.substr(16 * i, 16), nullptr, 16);
  result.look = perceptual_hash(shape, chw);
  result.border = border_of(shape, chw);
  return result;
}

std::vector<Fingerprint> fingerprints_of(const Dataset& dataset, int jobs, const Progress& progress) {
  cv::setNumThreads(1);  // the images are the parallelism
  const std::size_t count = dataset.items().size();
  std::vector<Fingerprint> result(count);
  std::atomic<std::size_t> next{0}, done{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](bool show) {
    try {
      std::vector<std::uint8_t> pixels(dataset.shape().count());
      for (std::size_t i = next++; i < count; i = next++) {
        dataset.read(i, pixels);
        result[i] = fingerprint_of(dataset.shape(), pixels);
        ++done;
        if (show && progress) progress(std::min(done.load(), count - 1), count);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  run_workers(jobs > 0 ? jobs : usable_cpus(), [&](int worker) { work(worker == 0); });
  if (failure) std::rethrow_exception(failure);
  if (progress && count > 0) progress(count, count);
  return result;
}

std::string pixels_hex(const Fingerprint& fingerprint) {
  return fmt::format("{:016x}{:016x}", fingerprint.pixels[0], fingerprint.pixels[1]);
}

}  // namespace dsx::data

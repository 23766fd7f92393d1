// A pooling operator's reads in kernels of our own, so that one thing at a time can be changed about them:
// how many independent rows are read at once and whether they are prefetched. The bytes are the same each
// time. In Highway, for the CPU's widest vectors. Reads whose addresses depend on the load before them:
// bench/machine/line_chains.hpp.
#pragma once

#include <cstddef>

namespace dsx::explain {

// Floats that may be read behind the end of a source: a vector of the last channels is read whole.
constexpr std::size_t kReadBehind = 64;

struct PooledImages {  // nhwc; 2x2 windows with stride 2, a last odd row or column left out
  int batch = 1, height = 2, width = 2, channels = 1;
  int out_height() const { return height / 2; }
  int out_width() const { return width / 2; }
  int out_rows() const { return batch * out_height(); }
  std::size_t source_floats() const { return std::size_t(batch) * height * width * channels; }
  std::size_t destination_floats() const { return std::size_t(out_rows()) * out_width() * channels; }
};

enum class PoolOf { maximum, average };

// How the rows of one thread are gone through.
struct ReadOrder {
  int streams = 1;      // pairs of rows that are worked on in turn, pixel by pixel; at most kMostStreams
  int ahead_bytes = 0;  // prefetched so far ahead in each row; 0: by the hardware alone
};
constexpr int kMostStreams = 16;

// Output rows `first` to `last` (of out_rows()) of the operator. `source`: source_floats() + kReadBehind.
void pool_rows(PoolOf what, const PooledImages& images, const float* source, float* destination, int first,
               int last, const ReadOrder& order);

// Reads `floats` floats in `streams` pieces side by side and nothing else: no more can be had of the memory.
// The value keeps the reads from being left out.
float read_floats(const float* source, std::size_t floats, int streams);

}  // namespace dsx::explain

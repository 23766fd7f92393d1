// A block (convolution + ReLU + downsampling) run in strips of rows: the convolution of a few rows, then the
// operator on them while they are still in cache, then the next rows. The same oneDNN primitives as layer by
// layer, made for one thread each; images are shared out over the threads. Only the distance between writing
// and reading the intermediate differs, which is what the strips experiment needs. nhwc only: there rows of
// an image are one piece of memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/arms/geometry.hpp"

namespace dsx::explain {

class StripRunner {
 public:
  // rows_per_strip: operator's output rows in a strip; 0: layer by layer, all images' convolutions first.
  // with_operator false: the convolution's strips alone, written to the same places.
  StripRunner(const bench::Geometry& geometry, const std::string& op, int batch, int threads,
              int rows_per_strip, bool with_operator);
  ~StripRunner();
  StripRunner(const StripRunner&) = delete;
  StripRunner& operator=(const StripRunner&) = delete;

  void run();
  // [N, C, H, W], plain order; of the last run.
  std::vector<float> destination() const;
  // Bytes of convolution output between its writing and its reading, per thread.
  double intermediate_bytes() const;
  int strips_per_image() const;

  // Operator output rows of this geometry.
  static int output_rows(const bench::Geometry& geometry, const std::string& op);
  static double intermediate_row_bytes(const bench::Geometry& geometry,
                                       const std::string& op);  // per output row

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dsx::explain

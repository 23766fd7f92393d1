// Batches of float images in the layout that a plan wants, prefetched by one thread so that training never
// waits. The order and the augmentation of epoch k are functions of (seed, k, index) alone, each with a seed
// of its own: a resumed run needs no replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/loading/preprocess.hpp"
#include "data/sources/dataset.hpp"

namespace dsx::data {

struct Batch {
  std::span<float> images;  // [batch, C, H, W] or [batch, H, W, C]; 64-byte aligned; padded tail images are 0
  std::span<const float> labels;         // batch values; 0 in the padded tail
  std::span<const std::size_t> indices;  // valid values: the items' indices in the data set
  int valid = 0;                         // images that are real; less than batch only at the end of an epoch
};

struct LoaderOptions {
  int batch = 32;
  bool channels_last = true;
  bool shuffle = false;
  bool drop_last = false;  // training: a partial batch at the end is left out (other images each epoch)
  std::uint64_t seed = 1;  // of the order
  std::uint64_t augment_seed = 1;  // of the augmentation
  PreprocessOptions preprocess = {};
  AugmentOptions augment = {};
  int prefetch = 3;  // batches in memory, the one in use included; at least 2
};

class BatchLoader {
 public:
  // labels: one per index, separate from the data set's so that label noise can replace them. The data set
  // must outlive the loader. Throws ConfigError.
  BatchLoader(const Dataset& dataset, std::vector<std::size_t> indices, std::vector<float> labels,
              LoaderOptions options);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // Starts to read epoch `epoch` (from 0), also in the middle of another one, which is then abandoned.
  void start_epoch(int epoch);
  // nullptr at the end of the epoch. The batch is valid until the next call. Rethrows the thread's DataError.
  const Batch* next();

  std::size_t batches_per_epoch() const;
  std::size_t images_per_epoch() const;  // valid images over one epoch
  std::int64_t waited_ns() const;        // time that next() waited, since construction
  std::int64_t work_ns() const;          // time that the thread worked, since construction

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dsx::data

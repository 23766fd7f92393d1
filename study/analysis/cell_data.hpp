// The images that a cell was judged on, opened again: for what runs its network once more (shift_run.cpp,
// study/swap).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "study/analysis/cells.hpp"

namespace dsx::analysis {

// Data sets by what decides their images and their splits; the next one replaces the last, so that memory
// holds one.
class CellData {
 public:
  // Throws DataError: the data is not here, or has changed since the cell was trained. A reason is kept, so
  // that many cells of one missing data set do not look for it again.
  const data::Dataset& of(const Cell& cell);

 private:
  // The digest knows the images and not how they are split: cells of two seeds may share it.
  using Key = std::pair<std::string, std::uint64_t>;  // digest, seed of the split
  static Key key_of(const Cell& cell);
  friend std::vector<std::size_t> by_data(std::span<const Cell> cells, std::vector<std::size_t> chosen);

  std::unique_ptr<data::Dataset> open_;
  Key key_;
  std::vector<std::pair<Key, std::string>> broken_;
};

// `chosen` cells with those of one data set after each other, so that each is opened once.
std::vector<std::size_t> by_data(std::span<const Cell> cells, std::vector<std::size_t> chosen);

// Throws DataError unless the images of `split` are the cell's, in its order. `indices`: into the data set's
// items.
void require_images_of(const Cell& cell, data::Split split, const data::Dataset& dataset,
                       std::span<const std::size_t> indices);

// The hash that sealed_file.hpp put at the end of the cell's best checkpoint: a cache of what it said is of
// these weights or of others. "" when it cannot be read. Loading the weights checks it.
std::string checkpoint_seal(const Cell& cell);

}  // namespace dsx::analysis

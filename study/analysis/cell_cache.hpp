// What the best weights of a cell said, kept in the cell's folder for the next time: one HDF5 file per kind
// (shift.h5, swap.h5, mechanism.h5). Here is decided whether such a file may be used; what is in it is its
// owner's affair.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/io/h5.hpp"
#include "study/analysis/cells.hpp"

namespace dsx::analysis {

class CellCache {
 public:
  // "<name>.h5", of the format "downscalexr-<name>". `version` goes up when any figure is made differently.
  CellCache(std::string name, std::int64_t version) : name_(std::move(name)), version_(version) {}

  // False where nothing can be used: no file, another version, other weights than the cell's best.h5, damaged
  // (`take` throws DataError), or `take` says that it is not what is asked for.
  bool read(const Cell& cell, const std::function<bool(const data::h5::Reader&)>& take) const;
  // Replaces the file. A folder that cannot be written is a warning on stderr.
  void write(const Cell& cell, const std::function<void(data::h5::Writer&)>& put) const;

 private:
  std::filesystem::path file_of(const Cell& cell) const { return cell.folder / (name_ + ".h5"); }

  std::string name_;
  std::int64_t version_;
};

// A data set of two dimensions as its rows of `length` values; `values` holds whole rows.
template <typename T>
std::vector<std::vector<T>> rows_of(const std::vector<T>& values, std::size_t length) {
  std::vector<std::vector<T>> rows;
  for (std::size_t at = 0; length > 0 && at + length <= values.size(); at += length)
    rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(at),
                      values.begin() + static_cast<std::ptrdiff_t>(at + length));
  return rows;
}

}  // namespace dsx::analysis

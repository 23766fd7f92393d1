// HDF5 for fuzzing behind a seal: nobody's mutated bytes pass one, and libhdf5 would not survive them. So the
// input spells edits to a valid file instead (objects replaced by others of any type, shape and layout,
// removed, linked, overwritten), which libhdf5 itself carries out in memory; our own reading then meets every
// valid HDF5 file that is not what it expects.
#pragma once

#include <string>

#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

class EditedHdf5 {
 public:
  // `valid` without a seal; names of what can be edited in it.
  EditedHdf5(Bytes valid, std::vector<std::string> data_sets, std::vector<std::string> attributes)
      : valid_(std::move(valid)), data_sets_(std::move(data_sets)), attributes_(std::move(attributes)) {}

  // The edited file, sealed, under a path (as_file()).
  std::filesystem::path apply(std::span<const std::uint8_t> edits) const;
  // No edit, and each kind of edit to each name.
  std::vector<Bytes> seeds() const;

 private:
  Bytes valid_;
  std::vector<std::string> data_sets_, attributes_;
};

// The bytes of what `write` writes to a temporary file.
Bytes bytes_of_file(void (*write)(const std::filesystem::path&));

}  // namespace dsx::fuzz

// What a data set is to everything that trains or evaluates: an immutable list of items with labels and
// splits, and random access to their uint8 pixels. Where the pixels come from (phantom, folder, HDF5) is left
// to the sources behind open_dataset(); batches of floats are left to batch_loader.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/formats/resize.hpp"

namespace dsx::data {

enum class Split { train, val, test };
std::string to_string(Split split);
Split split_from_string(const std::string& name);  // "train", "val", "test"; throws DataError

struct ImageShape {
  int channels = 1, height = 0, width = 0;
  std::size_t count() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  bool operator==(const ImageShape&) const = default;
};

struct Item {
  std::string name;     // path relative to the data set's root, or "phantom-000123"
  std::string subject;  // "person1000", "IM-0115", ...; the name itself when no id can be read from it
  std::string sha256;   // of the source file's bytes, in hex
  int label = 0;        // index into class_names()
  Split split = Split::train;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const std::vector<Item>& items() const = 0;
  virtual ImageShape shape() const = 0;                             // of every image
  virtual const std::vector<std::string>& class_names() const = 0;  // {"NORMAL", "PNEUMONIA"}
  // Writes the image's uint8 pixels as C, H, W; chw holds shape().count() bytes. Callable from any thread.
  // Throws DataError that names the file and the image.
  virtual void read(std::size_t index, std::span<std::uint8_t> chw) const = 0;
  // The same pixels where they already lie in memory, for as long as the data set lives; else empty. Any
  // thread.
  virtual std::span<const std::uint8_t> in_memory(std::size_t /*index*/) const { return {}; }
  virtual std::string description() const = 0;  // one line for people
  // SHA-256 over names, labels, splits, image hashes and shape: identifies the data in results.
  virtual std::string digest() const;
  // Source files that were left out as unreadable (only ever non-empty with skip_bad_images).
  virtual const std::vector<std::string>& skipped() const;
  // How its images were read, in lines for people: how subjects and ranges of values were found, what was
  // left out.
  virtual const std::vector<std::string>& notes() const;
  // The ranges that its values were found to have (intensity.hpp), as text; "" where nobody looked.
  virtual std::string intensity() const { return ""; }
  // Sizes before the resize, one per item; empty where the source does not know them.
  virtual const std::vector<SourceSize>& source_sizes() const;
};

std::vector<std::size_t> indices_of(const Dataset& dataset, Split split);
// The items' labels as floats, in the order of `indices`: what BatchLoader and the loss take.
std::vector<float> labels_of(const Dataset& dataset, std::span<const std::size_t> indices);

// How missing splits are made: whole subjects move (no subject in both), stratified by label, by seed.
struct SplitOptions {
  double val_fraction = 0.1;  // of train's images, when the set has no val split
  double test_fraction =
      0.2;  // of all images, when the set has no test split (folder without train/test above)
  std::uint64_t seed = 1;
};
// The split of each item after filling in the missing ones; unchanged when val and test are there.
// Throws DataError when a class has too few subjects to give each split one.
std::vector<Split> complete_splits(const Dataset& dataset, const SplitOptions& options);
// `dataset` with its splits replaced, one per item; it must outlive the view.
std::unique_ptr<Dataset> view_with_splits(const Dataset& dataset, std::vector<Split> splits);
// `dataset` with splits replaced as above; the pixels stay where they are.
std::unique_ptr<Dataset> with_complete_splits(std::unique_ptr<Dataset> dataset, const SplitOptions& options);

}  // namespace dsx::data

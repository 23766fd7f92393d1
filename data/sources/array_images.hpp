// Images and labels in pairs of NumPy arrays: an .npz archive (MedMNIST) or a folder of .npy files (the
// original study). Pixels are read as a stream, one image at a time.
//
// Names, each in as many of the splits train, val (valid, validation, dev) and test as there are:
// train_images with train_labels, X_train with y_train and the like (the table in array_images.cpp); or
// images with labels, X with y, which are all train; other arrays are left out and said. Images are N x H x
// W, N x H x W x C or N x C x H x W of whole numbers (of which the range that is used is found), truth
// values, or floats (from 0 to 1, or with an intensity range given); labels are N, N x 1, or N x K truth
// values of K findings.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/npy.hpp"
#include "data/io/byte_source.hpp"
#include "data/sources/image_source.hpp"

namespace dsx::data {

// The arrays of a file or folder by their names.
struct ArrayStore {
  std::filesystem::path path;  // for messages and the listing
  std::function<bool(const std::string& name)> has;
  std::function<std::unique_ptr<ByteSource>(const std::string& name)> open;
  std::function<std::vector<std::string>()> names;  // of all arrays
  std::string stamp;  // changes when the arrays do: sizes and modification times
};
ArrayStore npz_arrays(const std::filesystem::path& path);
ArrayStore folder_arrays(const std::filesystem::path& folder);
bool has_array_pairs(const std::filesystem::path& folder);  // does a folder hold one of the names above?

class ArrayImages : public ImageSource {
 public:
  // `positive`: see binary_classes.hpp; of labels N x K, the columns of which any makes an image positive.
  // Throws DataError.
  ArrayImages(ArrayStore store, const std::string& positive);
  const FolderListing& listing() const override { return listing_; }
  std::vector<std::uint8_t> fetch(std::size_t index) override;
  bool names_tell_subjects() const override { return false; }
  bool is_one_kind() const override;
  Picture picture(std::size_t index, std::span<const std::uint8_t> bytes,
                  const PictureOptions& options) const override;

 private:
  struct Part {
    std::string images;  // the array's name
    NpyHeader header;
    std::size_t first = 0, count = 0;  // of listing_.entries
    int channels = 1, height = 0, width = 0;
    bool channels_first = false;
    std::size_t image_bytes() const;
  };
  Part open_part(const std::string& images, std::unique_ptr<ByteSource>& stream) const;
  const Part& part_of(std::size_t index) const;

  ArrayStore store_;
  FolderListing listing_;
  std::vector<Part> parts_;
  std::unique_ptr<ByteSource> stream_;  // of the part that is being read
  std::size_t next_ = 0;
};

}  // namespace dsx::data

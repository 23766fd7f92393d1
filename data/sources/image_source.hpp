// Where an import takes images from: a list of them known in advance, and each one decoded when its turn
// comes. A new kind of source is one implementation of this plus a row in source_kind.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/image_file.hpp"
#include "data/sources/folder.hpp"

namespace dsx::data {

struct DecodedImage {
  std::string sha256;
  ImageFacts facts;
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const FolderListing& listing() const = 0;
  // The bytes of image `index`, where they come from a stream: called in order, by one thread at a time.
  // Throws DataError when nothing more can be read from this source.
  virtual std::vector<std::uint8_t> fetch(std::size_t) { return {}; }
  // Are its names those of files, which may tell subjects? Others are made up.
  virtual bool names_tell_subjects() const { return true; }
  // Are all its images of one Picture::kind?
  virtual bool is_one_kind() const { return false; }
  // From any thread. `bytes` are what fetch() gave. Throws DataError with the reason why this one image is
  // unreadable.
  DecodedImage decode(std::size_t index, std::span<const std::uint8_t> bytes, const DecodeOptions& options,
                      std::span<std::uint8_t> chw) const;
  // With the values of its file; empty where options.wanted says no.
  virtual Picture picture(std::size_t index, std::span<const std::uint8_t> bytes,
                          const PictureOptions& options) const = 0;

 protected:
  // The bytes that image `index` is made of, for their hash: those of fetch(), or of its file.
  virtual std::vector<std::uint8_t> bytes_of(std::size_t) const { return {}; }
};

// Calls `each` once for every image on `jobs` threads (0: every CPU), with what fetch() gave, until one call
// says false.
void for_each_image(ImageSource& images, int jobs,
                    const std::function<bool(std::size_t index, std::span<const std::uint8_t> bytes)>& each);

// A file per image.
class FolderImages : public ImageSource {
 public:
  explicit FolderImages(FolderListing listing) : listing_(std::move(listing)) {}
  const FolderListing& listing() const override { return listing_; }
  Picture picture(std::size_t index, std::span<const std::uint8_t> bytes,
                  const PictureOptions& options) const override;

 protected:
  std::vector<std::uint8_t> bytes_of(std::size_t index) const override;

 private:
  FolderListing listing_;
};

}  // namespace dsx::data

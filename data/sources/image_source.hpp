// Where an import takes images from: a list of them known in advance, and each one decoded when its turn
// comes. A new kind of source is one implementation of this plus a row in source_kind.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/fit_image.hpp"
#include "data/sources/folder.hpp"

namespace dsx::data {

struct DecodedImage {
  std::string sha256, subject;
  SourceSize source;  // before the resize
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const FolderListing& listing() const = 0;
  // The bytes of image `index`, where they come from a stream: called in order, by one thread at a time.
  // Throws DataError when nothing more can be read from this source.
  virtual std::vector<std::uint8_t> fetch(std::size_t) { return {}; }
  // From any thread. `bytes` are what fetch() gave. Throws DataError with the reason why this one image is
  // unreadable.
  virtual DecodedImage decode(std::size_t index, std::span<const std::uint8_t> bytes,
                              const DecodeOptions& options, std::span<std::uint8_t> chw) const = 0;
};

// A file per image.
class FolderImages : public ImageSource {
 public:
  explicit FolderImages(FolderListing listing) : listing_(std::move(listing)) {}
  const FolderListing& listing() const override { return listing_; }
  DecodedImage decode(std::size_t index, std::span<const std::uint8_t> bytes, const DecodeOptions& options,
                      std::span<std::uint8_t> chw) const override;

 private:
  FolderListing listing_;
};

}  // namespace dsx::data

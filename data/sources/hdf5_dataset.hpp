// The HDF5 file of a data set: images uint8 [N, C, H, W], one image per deflated chunk, so that any image is
// one read and one inflate; tables beside it say what each is. Written by import.cpp; format in `format` and
// `version`.
//
// The file is sealed (sealed_file.hpp), and the seal is checked once, when it is opened, before libhdf5 sees
// any of it: libhdf5 does not survive arbitrary bytes, and a flipped bit in an index would show the wrong
// image at best. That reads the whole file, as the first epoch does anyway. A file without a seal (made
// before there was one, or rewritten by h5repack and the like) is refused with the command that makes it
// again; imports in the cache are made again by themselves. Nobody else writes this format, so nothing else
// is lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/formats/image_file.hpp"
#include "data/io/h5.hpp"
#include "data/sources/dataset.hpp"
#include "data/sources/folder.hpp"

namespace dsx::data {

// Root attributes: format, version, resize, size, channels, source (folder), listing (its digest). Data sets:
// images, label, split, source_size [N, 2] (height, width), name, subject, sha256, class_names, skipped.
// Since rules 2 also: attributes rules (kDatasetRules) and intensity (the ranges of values), data set notes.
// Files without them were made when only file names told subjects and 16 bits were always taken whole; they
// stay readable.
inline constexpr const char* kDatasetFormat = "downscalexr-dataset";
inline constexpr int kDatasetVersion = 1;
// By which rules pixels, subjects and classes were made: an import in the cache by other rules is made again.
inline constexpr int kDatasetRules = 6;

class Hdf5DatasetWriter {
 public:
  Hdf5DatasetWriter(const std::filesystem::path& path, ImageShape shape, std::size_t capacity);
  void add(const Item& item, SourceSize source, std::span<const std::uint8_t> deflated);
  // One more root attribute.
  void attribute(const std::string& name, const std::string& value) { writer_.attribute(name, value); }
  // Of the images added so far, one each; in their order.
  void set_subjects(const std::vector<std::string>& subjects);
  // Dataset::notes(), apart from what the listing left out.
  void set_notes(std::vector<std::string> notes) { notes_ = std::move(notes); }
  const std::vector<Item>& items() const { return items_; }
  // Writes the tables and gives the file its name.
  void finish(const FolderListing& listing, const DecodeOptions& decode,
              const std::vector<std::string>& skipped);

 private:
  // Destroyed after writer_, which closes it: on a full disk HDF5 would print about a failed close of its
  // own.
  H5::DataSet images_;
  h5::Writer writer_;
  ImageShape shape_;
  std::vector<Item> items_;
  std::vector<std::string> notes_;
  std::vector<std::int32_t> source_sizes_;
  std::size_t waiting_bytes_ = 0;  // written, but the disk was not told to begin
};

class Hdf5Dataset : public Dataset {
 public:
  // Throws DataError: missing, damaged, another kind of file, tables that contradict each other.
  explicit Hdf5Dataset(const std::filesystem::path& path);
  ~Hdf5Dataset() override;

  const std::vector<Item>& items() const override { return items_; }
  ImageShape shape() const override { return shape_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override;
  std::string description() const override;
  const std::vector<std::string>& skipped() const override { return skipped_; }

  const std::vector<std::string>& notes() const override { return notes_; }
  std::string intensity() const override { return intensity_; }
  const std::vector<SourceSize>& source_sizes() const override { return source_sizes_; }
  const std::string& resize() const { return resize_; }  // "area" or "bilinear"
  const std::string& source() const { return source_; }  // folder it was made from
  // What its folder holds beside the images may have changed since.
  void set_left_out(const std::vector<std::string>& lines);
  int rules() const { return rules_; }
  const std::string& listing_digest() const { return listing_; }  // of that folder then

 private:
  void read_tables(std::size_t count);

  h5::Reader reader_;
  H5::DataSet images_;
  ImageShape shape_;
  int rules_ = 1;
  std::vector<Item> items_;
  std::vector<std::string> class_names_, skipped_;
  std::vector<std::string> notes_;  // of reading, then what was left out
  std::size_t reading_notes_ = 0;
  std::vector<SourceSize> source_sizes_;
  std::string resize_, source_, listing_, intensity_;
};

}  // namespace dsx::data

// Chunks are read and written raw: HDF5 only moves bytes, under its lock, and libdeflate works outside it on
// any thread.
#include "data/sources/hdf5_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/io/deflate.hpp"
#include "data/io/h5_internal.hpp"
#include "data/io/sealed_file.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr std::size_t kMaxFileImages = 20'000'000;

void check_sealed(const std::filesystem::path& path) {
  if (!has_seal(path))
    throw DataError(path.string() +
                    ": not a data set, a truncated one, or one from before they ended with a checksum; "
                    "make it with: study data import DIR --out FILE.h5");
  check_seal(path, "import the folder again");
}

constexpr std::size_t kWritebackBytes = 16 << 20;

}  // namespace

Hdf5DatasetWriter::Hdf5DatasetWriter(const std::filesystem::path& path, ImageShape shape,
                                     std::size_t capacity)
    : writer_(path, h5::Writer::Seal::yes), shape_(shape) {
  const h5::Lock lock;
  const std::array<hsize_t, 4> extent = {capacity, static_cast<hsize_t>(shape.channels),
                                         static_cast<hsize_t>(shape.height),
                                         static_cast<hsize_t>(shape.width)};
  std::array<hsize_t, 4> chunk = extent;
  chunk[0] = 1;
  try {
    H5::DSetCreatPropList options;
    options.setChunk(4, chunk.data());
    options.setDeflate(1);
    options.setFillTime(H5D_FILL_TIME_NEVER);
    images_ = writer_.file().createDataSet("images", H5::PredType::STD_U8LE, H5::DataSpace(4, extent.data()),
                                           options);
  } catch (const H5::Exception& error) {
    writer_.fail(error);
  }
}

void Hdf5DatasetWriter::add(const Item& item, SourceSize source, std::span<const std::uint8_t> deflated) {
  const h5::Lock lock;
  const std::array<hsize_t, 4> offset = {items_.size(), 0, 0, 0};
  if (H5Dwrite_chunk(images_.getId(), H5P_DEFAULT, 0, offset.data(), deflated.size(), deflated.data()) < 0)
    writer_.fail(H5::DataSetIException("H5Dwrite_chunk", "an image could not be written"));
  waiting_bytes_ += deflated.size();
  if (waiting_bytes_ > kWritebackBytes) {
    writer_.begin_writeback();
    waiting_bytes_ = 0;
  }
  items_.push_back(item);
  source_sizes_.insert(source_sizes_.end(), {source.height, source.width});
}

void Hdf5DatasetWriter::set_subjects(const std::vector<std::string>& subjects) {
  for (std::size_t i = 0; i < items_.size(); ++i) items_[i].subject = subjects.at(i);
}

void Hdf5DatasetWriter::finish(const FolderListing& listing, const DecodeOptions& decode,
                               const std::vector<std::string>& skipped) {
  const h5::Lock lock;
  const std::array<hsize_t, 4> extent = {items_.size(), static_cast<hsize_t>(shape_.channels),
                                         static_cast<hsize_t>(shape_.height),
                                         static_cast<hsize_t>(shape_.width)};
  try {
    images_.extend(extent.data());  // images that were left out
    images_.close();
  } catch (const H5::Exception& error) {
    writer_.fail(error);
  }
  std::vector<std::uint8_t> labels, splits;
  std::vector<std::string> names, subjects, hashes;
  for (const Item& item : items_) {
    labels.push_back(static_cast<std::uint8_t>(item.label));
    splits.push_back(static_cast<std::uint8_t>(item.split));
    names.push_back(item.name);
    subjects.push_back(item.subject);
    hashes.push_back(item.sha256);
  }
  writer_.attribute("format", kDatasetFormat);
  writer_.attribute("version", std::int64_t{kDatasetVersion});
  writer_.attribute("size", std::int64_t{decode.size});
  writer_.attribute("channels", std::int64_t{decode.channels});
  writer_.attribute("resize", to_string(decode.resize));
  writer_.attribute("source", listing.root.string());
  writer_.attribute("listing", listing.digest);
  writer_.attribute("rules", std::int64_t{kDatasetRules});
  writer_.attribute("intensity", to_string(decode.intensity));
  writer_.attribute("splits", "0 train, 1 val, 2 test");
  writer_.numbers("label", labels);
  writer_.numbers("split", splits);
  writer_.numbers("source_size", source_sizes_, {items_.size(), 2});
  writer_.strings("name", names);
  writer_.strings("subject", subjects);
  writer_.strings("sha256", hashes);
  writer_.strings("class_names", listing.class_names);
  writer_.strings("skipped", skipped);
  writer_.strings("notes", notes_);
  writer_.strings("left_out", listing.left_out);
  writer_.commit();
}

Hdf5Dataset::Hdf5Dataset(const std::filesystem::path& path) : reader_(path, check_sealed) {
  const h5::Lock lock;
  if (!reader_.has_attribute("format") || reader_.attribute_string("format") != kDatasetFormat)
    reader_.fail("an HDF5 file, but not a data set; make one with: study data import DIR --out FILE.h5");
  if (reader_.attribute_int("version") != kDatasetVersion)
    reader_.fail(fmt::format("data set version {}, this program reads {}; import the folder again",
                             reader_.attribute_int("version"), kDatasetVersion));
  const std::vector<std::size_t> extent = reader_.shape("images");
  if (extent.size() != 4 || extent[0] == 0 || extent[0] > std::min(kMaxFileImages, reader_.file_bytes()) ||
      (extent[1] != 1 && extent[1] != 3) || extent[2] < 1 || extent[2] > 4096 || extent[3] < 1 ||
      extent[3] > 4096)
    reader_.fail("damaged: 'images' has an impossible shape; import the folder again");
  shape_ = {static_cast<int>(extent[1]), static_cast<int>(extent[2]), static_cast<int>(extent[3])};
  try {
    images_ = reader_.file().openDataSet("images");
    const H5::DSetCreatPropList layout = images_.getCreatePlist();
    std::array<hsize_t, 4> chunk{};
    const bool chunked = layout.getLayout() == H5D_CHUNKED && layout.getChunk(4, chunk.data()) == 4 &&
                         chunk[0] == 1 && std::equal(chunk.begin() + 1, chunk.end(), extent.begin() + 1);
    if (!chunked || layout.getNfilters() != 1 || !(images_.getDataType() == H5::PredType::STD_U8LE))
      reader_.fail("'images' is not stored as this program stores it; import the folder again");
  } catch (const H5::Exception&) {
    reader_.fail("damaged: 'images' cannot be read; import the folder again");
  }
  read_tables(extent[0]);
}

Hdf5Dataset::~Hdf5Dataset() {
  const h5::Lock lock;
  try {
    images_.close();
  } catch (const H5::Exception&) {  // nothing was written: nothing is lost
  }
}

void Hdf5Dataset::read_tables(std::size_t count) {
  const auto labels = reader_.numbers<std::uint8_t>("label", count);
  const auto splits = reader_.numbers<std::uint8_t>("split", count);
  const auto sizes = reader_.numbers<std::int32_t>("source_size", count * 8);
  const auto names = reader_.strings("name", count);
  const auto subjects = reader_.strings("subject", count);
  const auto hashes = reader_.strings("sha256", count);
  class_names_ = reader_.strings("class_names", 256);
  skipped_ = reader_.strings("skipped", std::min(kMaxFileImages, reader_.file_bytes()));
  resize_ = reader_.attribute_string("resize");
  source_ = reader_.attribute_string("source");
  listing_ = reader_.attribute_string("listing");
  if (reader_.has_attribute("rules")) {
    constexpr std::size_t kMaxNotes = 1000;
    rules_ = static_cast<int>(reader_.attribute_int("rules"));
    intensity_ = reader_.attribute_string("intensity");
    notes_ = reader_.strings("notes", kMaxNotes);
    reading_notes_ = notes_.size();
    set_left_out(reader_.strings("left_out", kMaxNotes));
  }
  if (labels.size() != count || splits.size() != count || sizes.size() != 2 * count ||
      names.size() != count || subjects.size() != count || hashes.size() != count || class_names_.size() != 2)
    reader_.fail("damaged: its tables differ in length; import the folder again");
  for (std::size_t i = 0; i < count; ++i) {
    if (labels[i] >= class_names_.size() || splits[i] > static_cast<std::uint8_t>(Split::test))
      reader_.fail(
          fmt::format("damaged: image {} has an impossible label or split; import the folder again", i));
    items_.push_back({names[i], subjects[i], hashes[i], labels[i], static_cast<Split>(splits[i])});
    source_sizes_.push_back({sizes[2 * i], sizes[2 * i + 1]});
  }
}

void Hdf5Dataset::set_left_out(const std::vector<std::string>& lines) {
  notes_.resize(reading_notes_);
  notes_.insert(notes_.end(), lines.begin(), lines.end());
}

void Hdf5Dataset::read(std::size_t index, std::span<std::uint8_t> chw) const {
  thread_local std::vector<std::uint8_t> packed;
  const auto damaged = [&] {
    reader_.fail(
        fmt::format("image {} ({}) is damaged; import the folder again", index, items_.at(index).name));
  };
  {
    const h5::Lock lock;
    const std::array<hsize_t, 4> offset = {index, 0, 0, 0};
    if (index >= items_.size() || !h5::read_packed_chunk(images_, offset, shape_.count(), packed)) damaged();
  }
  if (chw.size() != shape_.count() || !inflate_chunk(packed, chw)) damaged();
}

std::string Hdf5Dataset::description() const {
  return fmt::format("{}: {} of {} x {}", reader_.path().string(), counted(items_.size(), "image"),
                     shape_.height, shape_.width);
}

}  // namespace dsx::data

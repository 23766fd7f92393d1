// A data set's HDF5 file. Odd first byte: the rest is the file, which the seal must keep from libhdf5. Even:
// the rest edits a valid one (edited_hdf5.hpp).
#include "data/io/deflate.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "tests/fuzz/edited_hdf5.hpp"

namespace dsx::fuzz {

using namespace data;
namespace {

Bytes valid_file() {
  return bytes_of_file([](const std::filesystem::path& path) {
    Hdf5DatasetWriter writer(path, {1, 8, 8}, 4);
    for (int i = 0; i < 4; ++i) {
      const Bytes pixels(64, static_cast<std::uint8_t>(i * 40));
      const Item item{"image-" + std::to_string(i), "p" + std::to_string(i), "abc", i % 2,
                      static_cast<Split>(i % 3)};
      writer.add(item, {8, 8}, deflate_chunk(pixels));
    }
    FolderListing listing;
    listing.root = "/data";
    listing.class_names = {"NORMAL", "PNEUMONIA"};
    listing.digest = "digest";
    writer.finish(listing, {8, 1, Resize::area}, {"skipped"});
  });
}

const EditedHdf5& edited() {
  static const EditedHdf5 file(
      valid_file(),
      {"images", "label", "split", "source_size", "name", "subject", "sha256", "class_names", "skipped"},
      {"format", "version", "resize", "source", "listing"});
  return file;
}

}  // namespace

void read(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  const auto rest = bytes.subspan(1);
  const Hdf5Dataset dataset((bytes[0] & 1U) != 0 ? as_file(rest) : edited().apply(rest));
  if (dataset.shape().count() > 1 << 20) return;
  Bytes pixels(dataset.shape().count());
  for (std::size_t i = 0; i < std::min<std::size_t>(dataset.items().size(), 16); ++i) {
    try {
      dataset.read(i, pixels);
    } catch (const DataError&) {  // this image only
    }
  }
  if (dataset.description().empty()) std::abort();
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all = edited().seeds();
  all.push_back(valid_file());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].insert(all[i].begin(), static_cast<std::uint8_t>(i + 1 == all.size() ? 1 : 0));
  read(all.front());  // without an edit: must be accepted
  read(all.back());
  return all;
}

}  // namespace dsx::fuzz

// An .npz archive from memory, as an import goes through it: members, labels, and every image decoded. The
// first byte chooses --positive. A mutated archive hardly ever keeps its checksums, so half of the inputs are
// the archive's arrays alone, one after the other, where the array reader itself is the target.
#include <algorithm>
#include <cstring>

#include "data/formats/npz.hpp"
#include "data/sources/array_images.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;
namespace {

void import(ArrayStore store, unsigned choice) {
  static const char* const positives[] = {"", "1", "0", "0,2"};
  ArrayImages images(std::move(store), positives[choice % 4]);
  DecodeOptions options;
  options.size = 8;
  options.channels = (choice & 4) != 0 ? 3 : 1;
  Bytes chw(static_cast<std::size_t>(64 * options.channels));
  const std::size_t count = std::min<std::size_t>(images.listing().entries.size(), 16);
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes bytes = images.fetch(i);
    try {
      images.decode(i, bytes, options, chw);
    } catch (const DataError&) {  // this image only
    }
  }
}

// 16-bit length and bytes, for each array in turn.
ArrayStore arrays_of(std::span<const std::uint8_t> bytes) {
  std::map<std::string, std::span<const std::uint8_t>> arrays;
  for (const char* name : {"train_images", "train_labels", "test_images", "test_labels"}) {
    if (bytes.size() < 2) break;
    const std::size_t size = std::min<std::size_t>(bytes[0] | bytes[1] << 8, bytes.size() - 2);
    arrays[name] = bytes.subspan(2, size);
    bytes = bytes.subspan(2 + size);
  }
  ArrayStore store;
  store.path = "fuzz";
  store.has = [arrays](const std::string& name) { return arrays.contains(name); };
  store.open = [arrays](const std::string& name) { return open_bytes(name, arrays.at(name)); };
  store.names = [arrays] {
    std::vector<std::string> names;
    for (const auto& array : arrays) names.push_back(array.first);
    return names;
  };
  return store;
}

}  // namespace

void read(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  const unsigned choice = bytes[0];
  bytes = bytes.subspan(1);
  if ((choice & 8) != 0) return import(arrays_of(bytes), choice);
  const auto npz = std::make_shared<Npz>("fuzz.npz", bytes);
  ArrayStore store;
  store.path = "fuzz.npz";
  store.has = [npz](const std::string& name) { return npz->has(name); };
  store.open = [npz](const std::string& name) { return npz->open(name); };
  store.names = [npz] { return npz->names(); };
  import(std::move(store), choice);
}

std::vector<Bytes> seeds() {
  const NumPyFiles numpy;
  std::vector<Bytes> all;
  for (Bytes& archive : files_in(numpy.folder(), ".npz")) {
    archive.insert(archive.begin(), static_cast<std::uint8_t>(all.size() % 8));
    all.push_back(std::move(archive));
  }
  for (const auto& entry : std::filesystem::directory_iterator(numpy.folder())) {
    if (!entry.is_directory()) continue;
    Bytes joined = {static_cast<std::uint8_t>(8 + all.size() % 8)};
    for (const char* ending : {"train.npy", "train_images.npy", "train_labels.npy"})
      for (const char* kind : {"X_", "x_", "y_", ""})
        for (const Bytes& array : files_in(entry.path(), std::string("/") + kind + ending)) {
          joined.push_back(static_cast<std::uint8_t>(array.size()));
          joined.push_back(static_cast<std::uint8_t>(array.size() >> 8));
          joined.insert(joined.end(), array.begin(), array.end());
        }
    all.push_back(joined);
  }
  return all;
}

}  // namespace dsx::fuzz

// HDF5's C interface: an edit that makes no sense just fails, and the next one follows. One valid file per
// program.
#include "tests/fuzz/edited_hdf5.hpp"

#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "data/io/sealed_file.hpp"

namespace dsx::fuzz {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostEdits = 4;
constexpr std::size_t kMostBytes = 1 << 14, kMostChunks = 32;  // that are written: more only takes longer
constexpr unsigned kOperations = 7;

class Id {
 public:
  Id(hid_t id) : id_(id) {}  // NOLINT(google-explicit-constructor): as HDF5 gives them
  ~Id() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor)

 private:
  hid_t id_;
};

// The input, byte by byte; zeros behind its end.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  unsigned next() {
    if (bytes_.empty()) return 0;
    const unsigned byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  // As many bytes as asked: those of the script, over and over from 1.
  Bytes fill(std::size_t count) {
    Bytes filled(count);
    std::uint8_t last = 0;
    for (std::uint8_t& byte : filled) byte = bytes_.empty() ? last++ : static_cast<std::uint8_t>(next());
    return filled;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

hid_t make_type(Script& script) {
  const hid_t plain[] = {H5T_STD_U8LE,   H5T_STD_I8BE,   H5T_STD_I32LE, H5T_STD_I64BE,     H5T_STD_U64LE,
                         H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_B16LE, H5T_NATIVE_LDOUBLE};
  const unsigned choice = script.next() % (std::size(plain) + 6);
  if (choice < std::size(plain)) return H5Tcopy(plain[choice]);
  hid_t type = H5Tcopy(H5T_C_S1);
  switch (choice - std::size(plain)) {
    case 0:
      H5Tset_size(type, script.next() + 1);
      return type;
    case 1:
      H5Tset_size(type, H5T_VARIABLE);
      return type;
    default:
      H5Tclose(type);
  }
  switch (choice - std::size(plain)) {
    case 2: {
      type = H5Tenum_create(H5T_NATIVE_INT);
      const int one = 1;
      H5Tenum_insert(type, "one", &one);
      return type;
    }
    case 3:
      type = H5Tcreate(H5T_COMPOUND, 8);
      H5Tinsert(type, "a", 0, H5T_STD_I32LE);
      return type;
    case 4: {
      const hsize_t extent = script.next() + 1;
      return H5Tarray_create2(H5T_STD_I32LE, 1, &extent);
    }
    default:
      return H5Tcreate(H5T_OPAQUE, script.next() + 1);
  }
}

hid_t make_space(Script& script, std::vector<hsize_t>& extents) {
  static constexpr hsize_t kExtents[] = {
      0, 1, 2, 3, 4, 6, 8, 9, 1024, 65536, 1U << 24U, 1ULL << 31U, 1ULL << 40U, 1ULL << 62U, 5, 18};
  const unsigned rank = script.next() % 8;
  if (rank == 6) return H5Screate(H5S_SCALAR);
  if (rank == 7) return H5Screate(H5S_NULL);
  for (unsigned i = 0; i < rank; ++i) extents.push_back(kExtents[script.next() % std::size(kExtents)]);
  return extents.empty() ? H5Screate(H5S_SCALAR)
                         : H5Screate_simple(static_cast<int>(rank), extents.data(), nullptr);
}

hid_t make_layout(Script& script, const std::vector<hsize_t>& extents) {
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  const unsigned choice = script.next();
  if (choice % 4 == 1) H5Pset_layout(layout, H5D_COMPACT);
  if (choice % 4 == 2 && !extents.empty()) {
    std::vector<hsize_t> chunk;
    for (const hsize_t extent : extents) chunk.push_back(std::max<hsize_t>(1, extent >> (choice >> 6U)));
    if ((choice & 32U) != 0) chunk[0] = 1;
    double points = 1, chunks = 1;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      points *= static_cast<double>(extents[i]);
      chunks *= std::ceil(static_cast<double>(extents[i]) / static_cast<double>(chunk[i]));
    }
    if (points <= kMostBytes && chunks > kMostChunks)
      for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = std::max<hsize_t>(1, extents[i]);
    H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
    if ((choice & 4U) != 0) H5Pset_shuffle(layout);
    if ((choice & 8U) != 0) H5Pset_deflate(layout, 1);
    if ((choice & 16U) != 0) H5Pset_fletcher32(layout);
  }
  if (choice % 16 == 3) H5Pset_external(layout, "/proc/self/cmdline", 0, H5F_UNLIMITED);
  return layout;
}

// What can be written as `type` over `space` from memory, when it is not too much.
Bytes values_for(Script& script, hid_t type, hid_t space) {
  static const char* const texts[] = {"", "text", nullptr, "avgpool"};
  const hssize_t points = H5Sget_simple_extent_npoints(space);
  const std::size_t width = H5Tget_size(type);
  if (points <= 0 || width == 0 || static_cast<std::size_t>(points) > kMostBytes / width) return {};
  if (H5Tis_variable_str(type) <= 0) return script.fill(static_cast<std::size_t>(points) * width);
  std::vector<const char*> pointers;
  for (hssize_t i = 0; i < points; ++i) pointers.push_back(texts[script.next() % std::size(texts)]);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(pointers.data());
  return {bytes, bytes + pointers.size() * sizeof(char*)};
}

void overwrite(hid_t file, const char* name, Script& script) {
  const Id data(H5Dopen2(file, name, H5P_DEFAULT)), type(H5Dget_type(data)), space(H5Dget_space(data));
  const Bytes values = values_for(script, type, space);
  if (!values.empty()) H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

// Only over a data set that has storage: libhdf5 1.10.8 makes none for one of no points, by its own count of
// them that wraps at 2^64 (2^62 x 2 x 2), and then follows an index of chunks that is not there. Our reader
// writes no chunks. Those that the writer or another edit has stored are the ones that it would meet.
void write_chunk(hid_t file, const char* name, Script& script) {
  const Id data(H5Dopen2(file, name, H5P_DEFAULT));
  const hsize_t number = script.next() % 4;
  const unsigned mask = script.next() % 4;
  const Bytes chunk = script.fill(script.next() + 1);
  if (data < 0) return;
  const Id space(H5Dget_space(data)), layout(H5Dget_create_plist(data));
  hsize_t extents[H5S_MAX_RANK] = {}, sides[H5S_MAX_RANK] = {}, offset[H5S_MAX_RANK] = {};
  const int rank = H5Sget_simple_extent_dims(space, extents, nullptr);
  if (rank < 1 || H5Pget_layout(layout) != H5D_CHUNKED || H5Pget_chunk(layout, rank, sides) != rank) return;
  offset[0] = number * sides[0];
  if (offset[0] >= extents[0] || H5Dget_storage_size(data) == 0) return;
  H5Dwrite_chunk(data, H5P_DEFAULT, mask, offset, chunk.size(), chunk.data());
}

void edit_data_set(hid_t file, const char* name, Script& script) {
  const unsigned operation = script.next() % kOperations;
  if (operation == 0) return overwrite(file, name, script);
  if (operation == 1) return write_chunk(file, name, script);
  H5Ldelete(file, name, H5P_DEFAULT);
  switch (operation) {
    case 2:  // gone
      return;
    case 3:
      static_cast<void>(Id(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)));
      return;
    case 4: {
      static const char* const places[] = {"/", "label", "/weights", "nowhere", "optimizer_keys"};
      H5Lcreate_soft(places[script.next() % std::size(places)], file, name, H5P_DEFAULT, H5P_DEFAULT);
      return;
    }
    default: {
      const Id type(make_type(script));
      std::vector<hsize_t> extents;
      const Id space(make_space(script, extents)), layout(make_layout(script, extents));
      const Id data(H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT));
      const Bytes values = values_for(script, type, space);
      if (data >= 0 && !values.empty() && H5Pget_external_count(layout) == 0)
        H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    }
  }
}

void edit_attribute(hid_t file, const char* name, Script& script) {
  H5Adelete(file, name);
  if (script.next() % kOperations == 2) return;
  const Id type(make_type(script));
  std::vector<hsize_t> extents;
  const Id space(make_space(script, extents));
  const Id attribute(H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
  const Bytes values = values_for(script, type, space);
  if (attribute >= 0 && !values.empty()) H5Awrite(attribute, type, values.data());
}

// The same copy for each input. An open file has half a megabyte of tables, which libhdf5 would by default
// get from the system for every file anew.
hid_t access_to(const Bytes& image) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (H5set_free_list_limits(16 << 20, 4 << 20, -1, -1, -1, -1) < 0 ||
      H5Pset_fapl_core(access, 1 << 16, false) < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
      H5Pset_file_image(access, const_cast<std::uint8_t*>(image.data()), image.size()) < 0)
    std::abort();
  return access;
}

}  // namespace

fs::path EditedHdf5::apply(std::span<const std::uint8_t> edits) const {
  const data::h5::Lock lock;
  static const hid_t access = access_to(valid_);
  const hid_t file = H5Fopen("fuzz", H5F_ACC_RDWR, access);
  if (file < 0) std::abort();
  Script script(edits);
  for (std::size_t i = 0; i < kMostEdits && !script.empty(); ++i) {
    const std::size_t target = script.next() % (data_sets_.size() + attributes_.size());
    if (target < data_sets_.size())
      edit_data_set(file, data_sets_[target].c_str(), script);
    else
      edit_attribute(file, attributes_[target - data_sets_.size()].c_str(), script);
  }
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  Bytes image(static_cast<std::size_t>(std::max<ssize_t>(0, H5Fget_file_image(file, nullptr, 0))));
  if (H5Fget_file_image(file, image.data(), image.size()) < 0) image.clear();
  H5Fclose(file);
  // HDF5's image is without the block in front of it.
  const std::string block = data::seal_block(data::sha256_hex(image));
  image.insert(image.begin(), block.begin(), block.end());
  return as_file(image);
}

std::vector<Bytes> EditedHdf5::seeds() const {
  std::vector<Bytes> all = {{}};
  for (std::size_t target = 0; target < data_sets_.size() + attributes_.size(); ++target)
    for (unsigned operation = 0; operation < kOperations; ++operation)
      all.push_back({static_cast<std::uint8_t>(target), static_cast<std::uint8_t>(operation),
                     static_cast<std::uint8_t>(all.size() % 15), static_cast<std::uint8_t>(all.size() % 3), 4,
                     4, 2, 'a', 'b', 'c', 'd'});
  // A data set of 2^62 x 2 x 2 bytes, which is none by libhdf5's count, and a chunk written to it.
  all.push_back({0, 5, 0, 3, 13, 2, 2, 0x62, 0, 1, 1, 0, 0});
  // A chunk of one byte for four, behind which libhdf5 reads on: past deflate, in fletcher32 and in shuffle.
  all.push_back({1, 5, 0, 1, 4, 2 | 8, 1, 2, 3, 4, 1, 1, 0, 1, 0, 1});
  all.push_back({1, 5, 0, 1, 4, 2 | 16, 1, 2, 3, 4, 1, 1, 0, 0, 0, 1});
  all.push_back({1, 5, 0, 1, 4, 2 | 4, 1, 2, 3, 4, 1, 1, 0, 0, 0, 1});
  return all;
}

Bytes bytes_of_file(void (*write)(const fs::path&)) {
  std::string pattern = (fs::temp_directory_path() / "dsx-fuzz-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  write(folder / "file");
  std::ifstream in(folder / "file", std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  in.close();
  fs::remove_all(folder);
  return bytes;
}

}  // namespace dsx::fuzz

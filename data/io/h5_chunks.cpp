// Reading only; chunks are made by h5_writer.cpp (tables) and hdf5_dataset.cpp (images).
// They are looked at before libhdf5 1.10 unpacks them: it takes what its filters make of one for a whole
// chunk, and reads behind the end of a shorter one. Deflate runs twice so, over tables of names and numbers;
// images are read raw anyway (hdf5_dataset.cpp).
#include <algorithm>
#include <array>
#include <vector>

#include "data/io/deflate.hpp"
#include "data/io/h5_internal.hpp"

namespace dsx::data::h5 {
namespace {

// As the writer sets them: deflate, behind a shuffle for elements of more than one byte.
bool has_our_filters(const H5::DSetCreatPropList& layout) {
  std::vector<H5Z_filter_t> filters;
  for (int i = 0; i < layout.getNfilters(); ++i) {
    unsigned flags = 0, config = 0;
    std::size_t count = 0;
    filters.push_back(H5Pget_filter2(layout.getId(), static_cast<unsigned>(i), &flags, &count, nullptr, 0,
                                     nullptr, &config));
  }
  return filters == std::vector{H5Z_FILTER_DEFLATE} ||
         filters == std::vector{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE};
}

class ChunkCheck {
 public:
  ChunkCheck(const H5::DataSet& data, std::size_t chunk_bytes) : data_(data), chunk_(chunk_bytes) {}

  // The chunk that begins with this row is there, went through all filters, and is as long as it must be.
  bool holds(hsize_t row) {
    const std::array<hsize_t, H5S_MAX_RANK> offset{row};
    if (!read_packed_chunk(data_, offset, chunk_, packed_) || packed_.size() < chunk_ / kMaxRatio)
      return false;
    plain_.resize(chunk_);
    return inflate_chunk(packed_, plain_);
  }

 private:
  const H5::DataSet& data_;
  std::size_t chunk_;
  std::vector<std::uint8_t> packed_, plain_;
};

}  // namespace

bool read_packed_chunk(const H5::DataSet& data, std::span<const hsize_t> offset, std::size_t plain_bytes,
                       std::vector<std::uint8_t>& packed) {
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(data.getId(), offset.data(), &bytes) < 0 || bytes == 0 ||
      bytes > deflate_bound(plain_bytes))
    return false;
  packed.resize(bytes);
  std::uint32_t skipped = 0;  // filters
  return H5Dread_chunk(data.getId(), H5P_DEFAULT, offset.data(), &skipped, packed.data()) >= 0 &&
         skipped == 0;
}

bool has_sound_chunks(const H5::DataSet& data) {
  const H5::DSetCreatPropList layout = data.getCreatePlist();
  if (layout.getLayout() != H5D_CHUNKED) return true;
  std::array<hsize_t, H5S_MAX_RANK> shape{}, chunk{};
  const int rank = data.getSpace().getSimpleExtentDims(shape.data());
  if (!has_our_filters(layout) || layout.getChunk(rank, chunk.data()) != rank) return false;
  // Cut along the first axis only.
  if (chunk[0] == 0 || chunk[0] > shape[0] || !std::equal(chunk.begin() + 1, chunk.end(), shape.begin() + 1))
    return false;
  std::vector<std::size_t> extents(chunk.begin(), chunk.begin() + rank);
  extents.push_back(data.getDataType().getSize());
  const auto chunk_bytes = count_of(extents);
  if (!chunk_bytes) return false;
  ChunkCheck check(data, *chunk_bytes);
  for (hsize_t row = 0; row < shape[0]; row += chunk[0])
    if (!check.holds(row)) return false;
  return true;
}

}  // namespace dsx::data::h5

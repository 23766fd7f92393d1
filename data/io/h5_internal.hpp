// What the HDF5 reader and writer share: element types, shapes, and how files are opened. For h5*.cpp only.
#pragma once

#include <H5Cpp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dsx::data::h5 {

inline constexpr std::size_t kChunkBytes =
    1 << 20;  // of compressed tables: small enough for HDF5's chunk cache
inline constexpr std::size_t kMaxStringBytes = 1 << 28;
inline constexpr std::size_t kMaxRatio = 1032;  // of deflate

template <typename T>
const H5::PredType& native_type();
template <>
inline const H5::PredType& native_type<float>() {
  return H5::PredType::NATIVE_FLOAT;
}
template <>
inline const H5::PredType& native_type<double>() {
  return H5::PredType::NATIVE_DOUBLE;
}
template <>
inline const H5::PredType& native_type<std::int32_t>() {
  return H5::PredType::NATIVE_INT32;
}
template <>
inline const H5::PredType& native_type<std::int64_t>() {
  return H5::PredType::NATIVE_INT64;
}
template <>
inline const H5::PredType& native_type<std::uint8_t>() {
  return H5::PredType::NATIVE_UINT8;
}
template <>
inline const H5::PredType& native_type<std::uint64_t>() {
  return H5::PredType::NATIVE_UINT64;
}

// Closing the file closes every object in it, so no forgotten handle keeps it open; HDF5's file locks are off
// since files are complete before they get their name, and network file systems often lack locks.
H5::FileAccPropList access_options();

// The bytes of the chunk at `offset` as they lie in the file. False when it is not there, is longer than
// deflate makes `plain_bytes`, or went past a filter. Throws nothing; the caller holds the Lock.
bool read_packed_chunk(const H5::DataSet& data, std::span<const hsize_t> offset, std::size_t plain_bytes,
                       std::vector<std::uint8_t>& packed);

// Whether each chunk of a chunked data set with elements is one that our writer could have made, so that
// libhdf5 can read it. True where there are no chunks. Throws H5::Exception.
bool has_sound_chunks(const H5::DataSet& data);

// Element count of a shape; nullopt when the product overflows.
std::optional<std::size_t> count_of(const std::vector<std::size_t>& shape);

}  // namespace dsx::data::h5

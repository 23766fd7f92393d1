// NumPy's .npy format (versions 1 to 3): the header, checked against the size of what holds it before a byte
// of the data is read, and single numbers. Debian has no kept C++ library for it; the whole format is one
// small header (numpy.lib.format). Only plain numbers in C order: pickled objects are programs, and are never
// run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/io/byte_source.hpp"

namespace dsx::data {

struct NpyHeader {
  char kind = 'u';        // b truth value, u unsigned, i signed, f floating point
  std::size_t width = 1;  // bytes of a number: 1, 2, 4 or 8
  bool big_endian = false;
  std::vector<std::uint64_t> shape;
  std::uint64_t count() const;     // of numbers; does not overflow
  std::string type_name() const;   // "float32"
  std::string shape_text() const;  // "100 x 28 x 28"
};

// Reads up to the first number. Throws DataError that names the source: not .npy, a kind that is not read
// (objects, records, texts, complex numbers, Fortran order), impossible shapes, more or fewer bytes than the
// shape needs.
NpyHeader read_npy_header(ByteSource& source);

// Number `index` of `bytes`, which hold numbers as the header says. Integers beyond 2^53 are rounded.
double npy_number(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t index);

}  // namespace dsx::data

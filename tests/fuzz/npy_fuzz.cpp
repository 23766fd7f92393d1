// A .npy file from memory: its header, then some of its numbers.
#include <algorithm>

#include "data/formats/npy.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;

void read(std::span<const std::uint8_t> bytes) {
  const auto source = open_bytes("fuzz.npy", bytes);
  const NpyHeader header = read_npy_header(*source);
  Bytes data(source->left());
  source->read(data);
  source->finish();
  volatile double sum = 0;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(header.count(), 64); ++i)
    sum = sum + npy_number(header, data, i);
  if (header.shape_text().empty() || header.type_name().empty()) std::abort();
}

std::vector<Bytes> seeds() {
  const NumPyFiles numpy;
  return files_in(numpy.folder(), ".npy");
}

}  // namespace dsx::fuzz

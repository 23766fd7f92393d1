// Files are read by the threads that decode them.
#include "data/sources/image_source.hpp"

#include "data/formats/image_file.hpp"
#include "data/io/files.hpp"

namespace dsx::data {

DecodedImage FolderImages::decode(std::size_t index, std::span<const std::uint8_t>,
                                  const DecodeOptions& options, std::span<std::uint8_t> chw) const {
  const std::string& name = listing_.entries[index].name;
  const std::vector<std::uint8_t> bytes = read_file(listing_.root / name);
  DecodedImage image;
  image.sha256 = sha256_hex(bytes);
  image.source = decode_image(bytes, options, chw, &image.subject);
  if (image.subject.empty()) image.subject = subject_from_name(name);
  return image;
}

}  // namespace dsx::data

// Files are read by the threads that decode them.
#include "data/sources/image_source.hpp"

#include <exception>
#include <mutex>

#include "data/formats/content.hpp"
#include "data/io/files.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {

void for_each_image(ImageSource& images, int jobs,
                    const std::function<bool(std::size_t, std::span<const std::uint8_t>)>& each) {
  const std::size_t count = images.listing().entries.size();
  std::size_t next = 0;
  std::mutex fetching;
  std::exception_ptr failure;
  const auto work = [&] {
    while (true) {
      std::vector<std::uint8_t> bytes;
      std::size_t index = 0;
      try {
        {
          const std::lock_guard in_order(fetching);
          index = next++;
          if (index >= count) return;
          bytes = images.fetch(index);
        }
        if (each(index, bytes)) continue;
      } catch (...) {
        const std::lock_guard in_order(fetching);
        failure = std::current_exception();
      }
      const std::lock_guard in_order(fetching);
      next = count;
    }
  };
  run_workers(jobs > 0 ? jobs : usable_cpus(), [&](int) { work(); });
  if (failure) std::rethrow_exception(failure);
}

DecodedImage ImageSource::decode(std::size_t index, std::span<const std::uint8_t> bytes,
                                 const DecodeOptions& options, std::span<std::uint8_t> chw) const {
  std::vector<std::uint8_t> own;
  if (bytes.empty()) bytes = own = bytes_of(index);
  return {sha256_hex(bytes), fit_image(picture(index, bytes, picture_options(options)), options, chw)};
}

std::vector<std::uint8_t> FolderImages::bytes_of(std::size_t index) const {
  return read_file(listing_.root / listing_.entries[index].name);
}

Picture FolderImages::picture(std::size_t index, std::span<const std::uint8_t> bytes,
                              const PictureOptions& options) const {
  if (!bytes.empty()) return decode_picture(bytes, options);
  // Only its kind may be wanted: that of a JPEG is known by its first bytes.
  const std::filesystem::path path = listing_.root / listing_.entries[index].name;
  if (options.wanted && file_kind_of(first_bytes(path)) == FileKind::jpeg && !options.wanted("JPEG8"))
    return {};
  return decode_picture(read_file(path), options);
}

}  // namespace dsx::data

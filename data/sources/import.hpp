// `study data import`: images decoded once, in parallel, into one compressed HDF5 file. Which images there
// are and how to get at them is image_source.hpp's business; reading the file back is hdf5_dataset.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/sources/data_options.hpp"
#include "data/sources/folder.hpp"
#include "data/sources/image_source.hpp"

namespace dsx::data {

struct ImportOptions {
  DecodeOptions decode;
  bool skip_bad_images = false;
  int jobs = 0;  // 0: every CPU this process may use
  Progress progress;
  std::string subject = {};  // subjects.hpp
};

struct ImportReport {
  std::size_t images = 0;
  std::vector<std::string> skipped;  // names with their reasons
  std::vector<std::string> notes;    // Dataset::notes()
  std::size_t file_bytes = 0;
  std::int64_t decode_ns = 0, compress_ns = 0;  // summed over the threads
  std::int64_t write_ns = 0;                    // of the one thread that writes
};

// Writes `out` atomically, with images in the listing's order. Throws DataError that names unreadable images
// (unless they are to be skipped), OutputError when `out` cannot be written, ConfigError for impossible
// options.
ImportReport import_images(ImageSource& images, const ImportOptions& options,
                           const std::filesystem::path& out);
// The same of a listed folder.
ImportReport import_folder(const FolderListing& listing, const ImportOptions& options,
                           const std::filesystem::path& out);

// How long the same threads take to read, hash, decode and resize the images and nothing else: what an import
// cannot be faster than. Bad images are passed over.
std::int64_t decode_alone_ns(ImageSource& images, const ImportOptions& options);

}  // namespace dsx::data

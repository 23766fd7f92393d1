// Windows of images are read and compressed on all threads, then written in order by the calling one.
#include "data/quality/clean_writer.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>

#include "data/io/files.hpp"
#include "data/quality/manifest.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/import.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace {

constexpr std::size_t kWindow = 64;  // images in memory per thread

using Bytes = std::vector<std::uint8_t>;

Bytes deflated(const Bytes& pixels) {
  uLongf size = compressBound(static_cast<uLong>(pixels.size()));
  Bytes chunk(size);
  if (compress2(chunk.data(), &size, pixels.data(), static_cast<uLong>(pixels.size()), 1) != Z_OK)
    throw std::runtime_error("zlib could not compress an image");
  chunk.resize(size);
  return chunk;
}

std::vector<Bytes> encode(const Dataset& dataset, std::span<const std::size_t> indices, int jobs) {
  std::vector<Bytes> chunks(indices.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Bytes pixels(dataset.shape().count());
      for (std::size_t i = next++; i < indices.size(); i = next++) {
        dataset.read(indices[i], pixels);
        chunks[i] = deflated(pixels);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = indices.size();
    }
  };
  run_workers(jobs, [&](int) { work(); });
  if (failure) std::rethrow_exception(failure);
  return chunks;
}

std::vector<std::size_t> kept_indices(const Dataset& dataset, std::span<const Dropped> dropped) {
  std::vector<bool> gone(dataset.items().size());
  for (const Dropped& one : dropped) gone[one.index] = true;
  std::vector<std::size_t> kept, per_class(dataset.class_names().size());
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (gone[i]) continue;
    kept.push_back(i);
    ++per_class[static_cast<std::size_t>(dataset.items()[i].label)];
  }
  for (std::size_t c = 0; c < per_class.size(); ++c)
    if (per_class[c] == 0)
      throw DataError(fmt::format("{}: cleaning would leave no image of class {}; nothing was written",
                                  dataset.description(), dataset.class_names()[c]));
  return kept;
}

}  // namespace

void write_cleaned(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                   std::span<const Dropped> dropped, const CleanFile& file) {
  const std::vector<std::size_t> kept = kept_indices(dataset, dropped);
  const std::string manifest = manifest_text(manifest_of(dataset, fingerprints, kept), dataset, dropped);
  const ImageShape shape = dataset.shape();
  const int jobs = file.jobs > 0 ? file.jobs : usable_cpus();
  Hdf5DatasetWriter writer(file.out, shape, kept.size());
  const std::size_t window = kWindow * static_cast<std::size_t>(jobs);
  for (std::size_t begin = 0; begin < kept.size(); begin += window) {
    const auto some = std::span(kept).subspan(begin, std::min(window, kept.size() - begin));
    const std::vector<Bytes> chunks = encode(dataset, some, jobs);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto& sizes = dataset.source_sizes();
      writer.add(dataset.items()[some[i]],
                 sizes.empty() ? SourceSize{shape.height, shape.width} : sizes[some[i]], chunks[i]);
    }
    if (file.progress) file.progress(begin + some.size(), kept.size());
  }
  FolderListing origin;
  origin.root = file.source;
  origin.class_names = dataset.class_names();
  origin.digest = dataset.digest();
  writer.attribute("manifest", sha256_hex(manifest));
  writer.set_notes(dataset.notes());
  writer.finish(origin,
                {shape.height, shape.channels, file.resize, intensity_from_string(dataset.intensity())}, {});
  write_file_atomically(file.manifest, manifest);
}

}  // namespace dsx::data

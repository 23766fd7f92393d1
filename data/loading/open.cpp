// Opens a source by what it is (source_kind.hpp), and keeps imported ones in the user's cache: one file per
// source and settings, replaced when the source changes.
#include "data/loading/open.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "data/io/files.hpp"
#include "data/io/temporary.hpp"
#include "data/loading/memory_cache.hpp"
#include "data/quality/manifest.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/import.hpp"
#include "data/sources/source_kind.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace fs = std::filesystem;

namespace {

// One image missing from the data is one more thing a result must say, so a cached file with gaps serves only
// those who allow them.
void refuse_gaps(const Hdf5Dataset& dataset, const DataOptions& options) {
  if (options.skip_bad_images || dataset.skipped().empty()) return;
  throw DataError(
      fmt::format("{}: {} cannot be read, e.g. {}; replace them, or leave them out with "
                  "--skip-bad-images",
                  options.source, counted(dataset.skipped().size(), "image"), dataset.skipped().front()));
}

// The cached import of this folder when it is there, sound and up to date.
std::unique_ptr<Hdf5Dataset> cached(const fs::path& file, const FolderListing& listing) {
  std::error_code error;
  if (!fs::exists(file, error)) return nullptr;
  try {
    auto dataset = std::make_unique<Hdf5Dataset>(file);
    if (dataset->listing_digest() == listing.digest && dataset->rules() == kDatasetRules) return dataset;
  } catch (const DataError&) {  // damaged: made again below
  }
  return nullptr;
}

std::unique_ptr<Dataset> open_imported(ImageSource& images, const DataOptions& options) {
  const FolderListing& listing = images.listing();
  std::string made_of = fmt::format("{}\n{}\n{}\n{}", listing.root.string(), options.size, options.channels,
                                    to_string(options.resize));
  if (!options.positive.empty()) made_of += "\n" + options.positive;
  if (const std::string range = to_string(options.intensity); range != "auto") made_of += "\nrange " + range;
  if (!options.subject.empty()) made_of += "\nsubject " + options.subject;
  if (options.labels.given())
    made_of += fmt::format("\nlabels {}\n{}\n{}\n{}", fs::absolute(options.labels.file).string(),
                           options.labels.finding, options.labels.uncertain, options.labels.columns);
  const std::string key = sha256_hex(made_of);
  const fs::path folder = options.cache_dir.empty() ? default_cache_dir() : options.cache_dir;
  const fs::path file = folder / fitting_name(folder, listing.root.filename().string(),
                                              fmt::format("-{}.h5", key.substr(0, 16)));
  std::unique_ptr<Hdf5Dataset> dataset = cached(file, listing);
  if (!dataset) {
    ImportOptions import;
    import.decode = {options.size, options.channels, options.resize, options.intensity};
    import.subject = options.subject;
    import.skip_bad_images = options.skip_bad_images;
    import.jobs = options.jobs;
    import.progress = options.progress;
    try {
      import_images(images, import, file);
    } catch (const OutputError& error) {
      throw OutputError(
          fmt::format("{} (cache of imported folders; set XDG_CACHE_HOME to move it)", error.what()));
    }
    dataset = std::make_unique<Hdf5Dataset>(file);
  }
  dataset->set_left_out(listing.left_out);
  refuse_gaps(*dataset, options);
  return dataset;
}

// An HDF5 file keeps the size that it was imported with.
void check_shape(const Dataset& dataset, const DataOptions& options) {
  const ImageShape shape = dataset.shape();
  if (shape == ImageShape{options.channels, options.size, options.size}) return;
  throw DataError(
      fmt::format("{}: holds images of {} x {} with {} channel(s), but {} x {} with {} is asked for; use "
                  "--size {} --channels {}, or import the folder again",
                  options.source, shape.height, shape.width, shape.channels, options.size, options.size,
                  options.channels, shape.height, shape.channels));
}

void check(const DataOptions& options) {
  if (options.size < 8 || options.size > 4096)
    throw ConfigError(fmt::format("size: {} is not between 8 and 4096 pixels", options.size));
  if (options.channels != 1 && options.channels != 3)
    throw ConfigError(fmt::format("channels: {} is neither 1 (grey) nor 3 (RGB)", options.channels));
  if (!options.labels.given() && !(options.labels.finding.empty() && options.labels.columns.empty()))
    throw ConfigError("finding, label_columns: are of a table of labels; give it with --labels FILE.csv");
}

}  // namespace

fs::path default_cache_dir() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "downscalexr" / "data";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "downscalexr" / "data";
  throw OutputError("no cache folder: neither XDG_CACHE_HOME nor HOME is set; set one of them");
}

std::unique_ptr<Dataset> open_as_stored(const DataOptions& options) {
  check(options);
  cv::setNumThreads(1);  // OpenCV's pool would compete with the trainer's threads
  const SourceKind& kind = source_kind_of(options.source);
  if (kind.images == nullptr) return kind.open(options);
  return open_imported(*kind.images(options), options);
}

std::unique_ptr<Dataset> open_dataset(const DataOptions& options) {
  std::unique_ptr<Dataset> dataset = open_as_stored(options);
  check_shape(*dataset, options);
  if (!options.manifest.empty()) require_manifest(*dataset, options.manifest);
  dataset = with_memory_cache(std::move(dataset), options.cache_mib << 20);
  return with_complete_splits(std::move(dataset), options.splits);
}

void preload(const Dataset& dataset, std::span<const std::size_t> indices, int jobs) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      std::vector<std::uint8_t> pixels(dataset.shape().count());
      for (std::size_t i = next++; i < indices.size(); i = next++) dataset.read(indices[i], pixels);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = indices.size();
    }
  };
  run_workers(jobs > 0 ? jobs : usable_cpus(), [&](int) { work(); });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace dsx::data

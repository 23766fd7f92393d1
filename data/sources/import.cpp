// Workers decode, hash and compress; the calling thread alone writes, in the listing's order, so that the
// file does not depend on timing. Chunks are compressed outside HDF5, whose global lock would serialise the
// work.
#include "data/sources/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <thread>

#include "data/io/deflate.hpp"
#include "data/io/h5.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/subjects.hpp"
#include "data/sources/value_ranges.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace {

struct Encoded {
  std::vector<std::uint8_t> chunk;  // deflated pixels; empty when `problem` is set
  std::string problem;
  DecodedImage image;
  std::int64_t decode_ns = 0, compress_ns = 0;
};

Encoded encode(const ImageSource& images, std::size_t index, std::span<const std::uint8_t> bytes,
               const DecodeOptions& options, std::vector<std::uint8_t>& pixels) {
  Encoded result;
  const Stopwatch watch;
  try {
    result.image = images.decode(index, bytes, options, pixels);
    result.decode_ns = watch.elapsed_ns();
  } catch (const std::runtime_error& error) {  // DataError, and OpenCV's own
    result.problem = error.what();
    return result;
  }
  result.chunk = deflate_chunk(pixels);
  result.compress_ns = watch.elapsed_ns() - result.decode_ns;
  return result;
}

// Encodes the entries on several threads and hands them out in order; at most a window of them is in memory.
class Encoder {
 public:
  Encoder(ImageSource& images, const DecodeOptions& options, int jobs)
      : images_(images), options_(options), window_(static_cast<std::size_t>(jobs) * 16), ring_(window_) {
    threads_ = start_threads(jobs, "decoding images", [this] { work(); });
  }
  ~Encoder() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    space_.notify_all();
    threads_.clear();  // joins them
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  Encoded take(std::size_t index) {
    std::unique_lock lock(mutex_);
    std::optional<Encoded>& slot = ring_[index % window_];
    ready_.wait(lock, [&] { return slot.has_value() || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    Encoded result = std::move(*slot);
    slot.reset();
    taken_ = index + 1;
    lock.unlock();
    space_.notify_all();
    return result;
  }

 private:
  void work() {
    const auto side = static_cast<std::size_t>(options_.size);
    std::vector<std::uint8_t> pixels(side * side * static_cast<std::size_t>(options_.channels));
    try {
      while (true) {
        std::size_t index = 0;
        std::vector<std::uint8_t> bytes;
        {
          const std::lock_guard in_order(fetching_);
          {
            std::unique_lock lock(mutex_);
            space_.wait(lock, [&] { return stop_ || next_ < taken_ + window_; });
            if (stop_ || next_ >= images_.listing().entries.size()) return;
            index = next_++;
          }
          bytes = images_.fetch(index);
        }
        Encoded result = encode(images_, index, bytes, options_, pixels);
        {
          const std::lock_guard lock(mutex_);
          ring_[index % window_] = std::move(result);
        }
        ready_.notify_all();
      }
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
      }
      ready_.notify_all();
    }
  }

  ImageSource& images_;
  DecodeOptions options_;
  std::size_t window_;
  std::mutex fetching_, mutex_;
  std::condition_variable space_, ready_;
  std::vector<std::optional<Encoded>> ring_;
  std::size_t next_ = 0, taken_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;
};

[[noreturn]] void refuse_bad_images(const FolderListing& listing, const std::vector<std::string>& bad) {
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(bad.size(), 5); ++i)
    names += (i > 0 ? "; " : "") + bad[i];
  if (bad.size() > 5) names += fmt::format("; and {} more", bad.size() - 5);
  throw DataError(
      fmt::format("{}: {} of {} cannot be read: {}; replace them, or leave them out with "
                  "--skip-bad-images",
                  listing.root.string(), bad.size(), counted(listing.entries.size(), "image"), names));
}

void check(const ImportOptions& options) {
  if (options.decode.size < 8 || options.decode.size > 4096)
    throw ConfigError(fmt::format("size: {} is not between 8 and 4096", options.decode.size));
  if (options.decode.channels != 1 && options.decode.channels != 3)
    throw ConfigError(fmt::format("channels: {} is neither 1 nor 3", options.decode.channels));
  if (options.jobs < 0)
    throw ConfigError(fmt::format("jobs: {} is negative; 0 uses every CPU", options.jobs));
  check_subject_pattern(options.subject);
}

}  // namespace

ImportReport import_folder(const FolderListing& listing, const ImportOptions& options,
                           const std::filesystem::path& out) {
  FolderImages images(listing);
  return import_images(images, options, out);
}

ImportReport import_images(ImageSource& images, const ImportOptions& asked,
                           const std::filesystem::path& out) {
  check(asked);
  ImportOptions options = asked;
  const FolderListing& listing = images.listing();
  cv::setNumThreads(1);  // the images are the parallelism
  const int side = options.decode.size;
  Hdf5DatasetWriter writer(out, {options.decode.channels, side, side}, listing.entries.size());
  if (options.decode.intensity.to_be_found())
    options.decode.intensity.kinds = find_ranges(images, options.jobs);
  ImportReport report;
  std::vector<SubjectClues> clues;
  ValueNotes values;
  std::vector<std::size_t> kept_per_label(listing.class_names.size());
  {
    Encoder encoder(images, options.decode, options.jobs > 0 ? options.jobs : usable_cpus());
    for (std::size_t i = 0; i < listing.entries.size(); ++i) {
      const FolderEntry& entry = listing.entries[i];
      const Encoded encoded = encoder.take(i);
      const Stopwatch watch;
      report.decode_ns += encoded.decode_ns;
      report.compress_ns += encoded.compress_ns;
      if (!encoded.problem.empty()) {
        report.skipped.push_back(fmt::format("{} ({})", entry.name, encoded.problem));
      } else if (options.skip_bad_images || report.skipped.empty()) {
        const ImageFacts& facts = encoded.image.facts;
        writer.add({entry.name, entry.name, encoded.image.sha256, entry.label, entry.split}, facts.source,
                   encoded.chunk);
        clues.push_back({entry.name, entry.label, entry.subject.empty() ? facts.patient : entry.subject});
        values.add(entry.name, facts);
        ++kept_per_label[static_cast<std::size_t>(entry.label)];
      }
      report.write_ns += watch.elapsed_ns();
      if (options.progress) options.progress(i + 1, listing.entries.size());
    }
  }
  const bool lost_class = std::find(kept_per_label.begin(), kept_per_label.end(), 0U) != kept_per_label.end();
  if (!report.skipped.empty() && (!options.skip_bad_images || lost_class))
    refuse_bad_images(listing, report.skipped);
  const Subjects subjects = images.names_tell_subjects() || !options.subject.empty()
                                ? find_subjects(clues, options.subject)
                                : find_subjects(clues, "image");
  writer.set_subjects(subjects.of_image);
  report.notes = subjects.lines;
  const std::vector<std::string> of_values = values.lines();
  report.notes.insert(report.notes.end(), of_values.begin(), of_values.end());
  writer.set_notes(report.notes);
  report.notes.insert(report.notes.end(), listing.left_out.begin(), listing.left_out.end());
  writer.finish(listing, options.decode, report.skipped);
  report.images = listing.entries.size() - report.skipped.size();
  report.file_bytes = std::filesystem::file_size(out);
  return report;
}

std::int64_t decode_alone_ns(ImageSource& images, const ImportOptions& options) {
  check(options);
  cv::setNumThreads(1);
  const auto side = static_cast<std::size_t>(options.decode.size);
  const std::size_t count = side * side * static_cast<std::size_t>(options.decode.channels);
  const Stopwatch watch;
  for_each_image(images, options.jobs, [&](std::size_t index, std::span<const std::uint8_t> bytes) {
    thread_local std::vector<std::uint8_t> pixels;
    pixels.resize(count);
    try {
      images.decode(index, bytes, options.decode, pixels);
    } catch (const std::runtime_error&) {  // the import has named it
    }
    return true;
  });
  return watch.elapsed_ns();
}

}  // namespace dsx::data

// Rows are tried in order: what is recognised by a name or by its content comes before what is left.
#include "data/sources/source_kind.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "data/formats/content.hpp"
#include "data/formats/npz.hpp"
#include "data/sources/array_images.hpp"
#include "data/sources/folder.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/label_table.hpp"
#include "data/sources/phantom.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

bool is_folder(const std::string& source) {
  std::error_code error;
  return fs::is_directory(source, error);
}

bool is_there(const std::string& source) {
  std::error_code error;
  return fs::exists(source, error);
}

// Its classes and subjects are already what they are.
void refuse_import_options(const DataOptions& options, const char* what) {
  if (!options.positive.empty())
    throw ConfigError(fmt::format("positive: {} has two classes already; --positive is for an import", what));
  if (options.labels.given())
    throw ConfigError(
        fmt::format("labels: {} has its labels already; --labels is for a folder of images", what));
  if (!options.subject.empty())
    throw ConfigError(fmt::format("subject: {} has its subjects already; --subject is for an import", what));
}

std::unique_ptr<Dataset> open_phantom(const DataOptions& options) {
  refuse_import_options(options, "the synthetic data");
  PhantomOptions phantom;
  phantom.size = options.size;
  phantom.channels = options.channels;
  phantom.seed = options.phantom_seed;
  if (options.phantom_train + options.phantom_val + options.phantom_test > 0) {
    phantom.train = options.phantom_train;
    phantom.val = options.phantom_val;
    phantom.test = options.phantom_test;
  }
  return make_phantom(phantom);
}

std::unique_ptr<Dataset> open_hdf5(const DataOptions& options) {
  refuse_import_options(options, "an imported file");
  auto dataset = std::make_unique<Hdf5Dataset>(options.source);
  const std::string asked = to_string(options.intensity);
  const std::string used = dataset->rules() == 1 ? "stored" : dataset->intensity();
  if (asked != "auto" && asked != used)
    throw DataError(fmt::format("{}: was imported with --intensity-range {}, not {}; import its source again",
                                options.source, used, asked));
  return dataset;
}

bool is_npz(const std::string& source) {
  return file_kind_of(first_bytes(source)) == FileKind::zip && !Npz(source).names().empty();
}

bool is_hdf5(const std::string& source) {
  std::error_code error;
  return fs::is_regular_file(source, error) && file_kind_of(first_bytes(source)) == FileKind::hdf5;
}

// What a file that is no source is, and what to do with it.
std::string advice_on(const std::string& source) {
  const std::vector<std::uint8_t> bytes = first_bytes(source);
  const FileKind kind = file_kind_of(bytes);
  if (kind == FileKind::zip) {
    const std::string what = zip_contents(source);
    return what.empty() ? "a zip archive without arrays (.npy); unpack it and give the folder" : what;
  }
  if (kind == FileKind::npy)
    return "a single NumPy array; save images and labels together: numpy.savez_compressed(FILE.npz, "
           "train_images=..., train_labels=...)";
  if (is_image(kind)) return "a single image; give the folder of class folders that holds it";
  const std::string name = content_name(bytes);
  return name.empty() ? "not an HDF5 file, nor anything else that is known" : name;
}

void refuse_labels(const DataOptions& options) {
  if (options.labels.given())
    throw ConfigError("labels: arrays have theirs beside them; --labels is for a folder of images");
}

std::unique_ptr<ImageSource> npz_images(const DataOptions& options) {
  refuse_labels(options);
  return std::make_unique<ArrayImages>(npz_arrays(options.source), options.positive);
}

std::unique_ptr<ImageSource> npy_images(const DataOptions& options) {
  refuse_labels(options);
  return std::make_unique<ArrayImages>(folder_arrays(options.source), options.positive);
}

std::unique_ptr<ImageSource> folder_images(const DataOptions& options) {
  return std::make_unique<FolderImages>(options.labels.given()
                                            ? scan_labelled(options.source, options.labels, options.positive)
                                            : scan_folder(options.source, options.positive));
}

}  // namespace

const std::vector<SourceKind>& source_kinds() {
  static const std::vector<SourceKind> kinds = {
      {"'synthetic'", [](const std::string& source) { return source == "synthetic"; }, nullptr, open_phantom},
      {"a folder of .npy arrays",
       [](const std::string& source) { return is_folder(source) && has_array_pairs(source); }, npy_images,
       nullptr},
      {"a folder of class folders", is_folder, folder_images, nullptr},
      {"an .npz archive", is_npz, npz_images, nullptr},
      {"an HDF5 file made by `study data import`", is_hdf5, nullptr, open_hdf5}};
  return kinds;
}

const SourceKind& source_kind_of(const std::string& source) {
  std::string names;
  for (const SourceKind& kind : source_kinds()) {
    if (kind.matches(source)) return kind;
    names += (names.empty() ? "" : &kind == &source_kinds().back() ? " or " : ", ") + kind.name;
  }
  if (is_there(source)) throw DataError(fmt::format("{}: {}; data is {}", source, advice_on(source), names));
  throw DataError(fmt::format("data: no such folder or file: {}; give {}", source, names));
}

}  // namespace dsx::data

// Rows are tried in order: what is recognised by a name or by its content comes before what is left.
#include "data/sources/source_kind.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "data/formats/npz.hpp"
#include "data/sources/array_images.hpp"
#include "data/sources/folder.hpp"
#include "data/sources/hdf5_dataset.hpp"
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

// Its classes are already what they are.
void refuse_positive(const DataOptions& options, const char* what) {
  if (options.positive.empty()) return;
  throw ConfigError(fmt::format("positive: {} has two classes already; --positive is for an import", what));
}

std::unique_ptr<Dataset> open_phantom(const DataOptions& options) {
  refuse_positive(options, "the synthetic data");
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
  refuse_positive(options, "an imported file");
  return std::make_unique<Hdf5Dataset>(options.source);
}

std::unique_ptr<ImageSource> npz_images(const DataOptions& options) {
  return std::make_unique<ArrayImages>(npz_arrays(options.source), options.positive);
}

std::unique_ptr<ImageSource> npy_images(const DataOptions& options) {
  return std::make_unique<ArrayImages>(folder_arrays(options.source), options.positive);
}

std::unique_ptr<ImageSource> folder_images(const DataOptions& options) {
  return std::make_unique<FolderImages>(scan_folder(options.source, options.positive));
}

}  // namespace

const std::vector<SourceKind>& source_kinds() {
  static const std::vector<SourceKind> kinds = {
      {"'synthetic'", [](const std::string& source) { return source == "synthetic"; }, nullptr, open_phantom},
      {"a folder of .npy arrays",
       [](const std::string& source) { return is_folder(source) && has_array_pairs(source); }, npy_images,
       nullptr},
      {"a folder of class folders", is_folder, folder_images, nullptr},
      {"an .npz archive", [](const std::string& source) { return is_zip_file(source); }, npz_images, nullptr},
      {"an HDF5 file made by `study data import`", is_there, nullptr, open_hdf5}};
  return kinds;
}

const SourceKind& source_kind_of(const std::string& source) {
  std::string names;
  for (const SourceKind& kind : source_kinds()) {
    if (kind.matches(source)) return kind;
    names += (names.empty() ? "" : &kind == &source_kinds().back() ? " or " : ", ") + kind.name;
  }
  throw DataError(fmt::format("data: no such folder or file: {}; give {}", source, names));
}

}  // namespace dsx::data

// The one door to every source of images. Which there are is data/sources/source_kind.cpp's table; what each
// needs is in its own header.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "data/sources/data_options.hpp"
#include "data/sources/dataset.hpp"

namespace dsx::data {

// Throws DataError (what is wrong with the source) or OutputError (cache not writable).
std::unique_ptr<Dataset> open_dataset(const DataOptions& options);

// Where imported folders are kept unless options.cache_dir says otherwise. Throws OutputError when neither
// XDG_CACHE_HOME nor HOME is set.
std::filesystem::path default_cache_dir();

// The same as it is stored: without made-up splits and without the memory cache; a file may have any size.
std::unique_ptr<Dataset> open_as_stored(const DataOptions& options);

// Reads each image once on `jobs` threads (0: every CPU), so that the memory cache is warm and the first
// epoch costs no decoding.
void preload(const Dataset& dataset, std::span<const std::size_t> indices, int jobs);

}  // namespace dsx::data

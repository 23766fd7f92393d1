// The one door to every source of images. Which there are is source_kind.cpp's table; what each needs is in
// its own header.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "data/dataset.hpp"

namespace dsx {

// area averages when it shrinks (no aliasing) and is bilinear when it enlarges; bilinear samples without
// antialiasing, as the original study did.
enum class Resize { area, bilinear };
std::string to_string(Resize resize);
Resize resize_from_string(const std::string& name);  // throws ConfigError

// Called from the thread that opens or imports, after every few images.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

struct DataOptions {
  std::string source = "synthetic";  // one of source_kinds()
  std::string positive;              // classes that count as positive, "1,2"; empty: the second of two
  int size = 320;                // pixels per side after the resize; an HDF5 file must have been made with it
  int channels = 1;              // 1 grey, 3 RGB
  Resize resize = Resize::area;  // a folder's images
  bool skip_bad_images = false;  // leave unreadable images out instead of refusing the folder
  int jobs = 0;                  // decoding threads of an import; 0: every CPU of this process
  std::size_t cache_mib = 640;   // decoded images kept in memory (MiB); 0: read again each epoch
  std::filesystem::path
      cache_dir;                   // of imported folders; empty: ${XDG_CACHE_HOME:-~/.cache}/downscalexr/data
  std::uint64_t phantom_seed = 1;  // synthetic: which patients
  int phantom_train = 0, phantom_val = 0, phantom_test = 0;  // synthetic: images; all 0: the defaults
  SplitOptions splits;
  std::filesystem::path manifest;  // the images must be those of this file (manifest.hpp); empty: any
  Progress progress;               // of an import; may be empty
};

// Throws DataError (what is wrong with the source) or OutputError (cache not writable).
std::unique_ptr<Dataset> open_dataset(const DataOptions& options);

// The same as it is stored: without made-up splits and without the memory cache; a file may have any size.
std::unique_ptr<Dataset> open_as_stored(const DataOptions& options);

// Reads each image once on `jobs` threads (0: every CPU), so that the memory cache is warm and the first
// epoch costs no decoding.
void preload(const Dataset& dataset, std::span<const std::size_t> indices, int jobs);

}  // namespace dsx

// What to open and how: plain options, below every source that reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "data/formats/intensity.hpp"
#include "data/formats/resize.hpp"
#include "data/sources/dataset.hpp"
#include "data/sources/label_options.hpp"

namespace dsx::data {

// Called from the thread that opens or imports, after every few images.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

struct DataOptions {
  std::string source = "synthetic";  // one of source_kinds()
  std::string positive;              // classes that count as positive, "1,2"; empty: the second of two
  LabelOptions labels;               // a folder's, where a table tells them
  int size = 320;                // pixels per side after the resize; an HDF5 file must have been made with it
  int channels = 1;              // 1 grey, 3 RGB
  Resize resize = Resize::area;  // a folder's images
  IntensityOptions intensity;    // which values are black and white
  std::string subject;           // how subjects are told (subjects.hpp)
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

}  // namespace dsx::data

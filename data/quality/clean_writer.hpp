// Writes some images of a data set as a new HDF5 file, with a manifest of hashes beside it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/quality/clean.hpp"
#include "data/quality/fingerprint.hpp"

namespace dsx::data {

struct CleanFile {
  std::string source;            // path or name of the data set, recorded in the file
  Resize resize = Resize::area;  // how its images were resized, recorded in the file
  std::filesystem::path out, manifest;
  int jobs = 0;       // threads that compress; 0: every CPU
  Progress progress;  // may be empty
};

// Writes `file.out` (whose attribute "manifest" is the SHA-256 of the manifest) and then `file.manifest`,
// each atomically: all images but the dropped ones. Throws DataError when nothing of a class would be left,
// OutputError when a file cannot be written.
void write_cleaned(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                   std::span<const Dropped> dropped, const CleanFile& file);

}  // namespace dsx::data

// What a data set must hold, image by image, as a JSON file that people keep beside their results: a study
// that is given one refuses data that differ.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/quality/clean.hpp"
#include "data/quality/fingerprint.hpp"
#include "data/sources/dataset.hpp"

namespace dsx::data {

inline constexpr const char* kManifestFormat = "downscalexr-manifest";
inline constexpr int kManifestVersion = 1;

struct ManifestImage {
  std::string name, split, label, subject, sha256;  // label: the class's name; sha256: of the source file
  std::string pixels;                               // pixels_hex()
  bool operator==(const ManifestImage&) const = default;
};

struct Manifest {
  std::string source;  // what it was made from, for people
  ImageShape shape;
  std::vector<std::string> class_names;
  std::vector<ManifestImage> images;
};

// Of the images `kept` (ascending) of a data set.
Manifest manifest_of(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                     std::span<const std::size_t> kept);

// JSON, one image per line; `dropped` is for people and not read back.
std::string manifest_text(const Manifest& manifest, const Dataset& dataset, std::span<const Dropped> dropped);

// Throws DataError: missing, no JSON, another format, an image twice.
Manifest read_manifest(const std::filesystem::path& path);

// Compares names, splits, labels, subjects, files' hashes, and, where the shape is the manifest's, pixels
// (which reads every image once, on all CPUs). Throws DataError that names the first image that differs and
// how many do.
void require_manifest(const Dataset& dataset, const std::filesystem::path& path);

}  // namespace dsx::data

// DICOM files, parsed by DCMTK: pixels as a radiologist's screen would show them (rescale, VOI window,
// MONOCHROME1 turned), and whose they are. DCMTK and not GDCM, though OpenCV brings the latter along: Debian
// keeps DCMTK's security fixes coming, and GDCM 3.0.21 has known overflows. JPEG 2000, which DCMTK leaves
// out, goes through OpenCV.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "data/formats/intensity.hpp"

namespace dsx::data {

// What a decoder is asked for.
struct PictureOptions {
  bool grey = true;     // colours need not be kept
  bool windows = true;  // a DICOM file's own window or table; false: its values
  // Called with the kind as soon as it is known; when it says no, the image is left out, where that saves
  // time.
  std::function<bool(const std::string& kind)> wanted = {};
};

// "DICM" after a preamble of 128 bytes, which may look like any other file (PS3.10 7.1): asked for before the
// others.
bool has_dicom_preamble(std::span<const std::uint8_t> bytes);
// That, or a file that begins with its first element, as old devices write: asked for after all others.
bool is_dicom(std::span<const std::uint8_t> bytes);

// Throws DataError with the reason only (the caller knows the name): damaged, several frames, no image, a
// transfer syntax or colour model that is not read, too many pixels.
Picture decode_dicom(std::span<const std::uint8_t> bytes, const PictureOptions& options = {});

}  // namespace dsx::data

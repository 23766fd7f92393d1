// DICOM files, by DCMTK: pixels as a radiologist's screen would show them (rescale, VOI window, MONOCHROME1
// turned), and whose they are. DCMTK and not GDCM, though OpenCV brings the latter along: Debian keeps
// DCMTK's security fixes coming, and GDCM 3.0.21 has known overflows. JPEG 2000, which DCMTK leaves out, goes
// through OpenCV.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>
#include <string>

namespace dsx::data {

bool is_dicom(std::span<const std::uint8_t> bytes);  // "DICM" after a preamble of 128 bytes

struct DicomImageData {
  cv::Mat image;        // one channel of 8 or 16 bits, or RGB of 8; 0 is black
  std::string patient;  // its id; "" when the file has none
};

// Throws DataError with the reason only (the caller knows the name): damaged, several frames, no image, a
// transfer syntax or colour model that is not read, too many pixels.
DicomImageData decode_dicom(std::span<const std::uint8_t> bytes);

}  // namespace dsx::data

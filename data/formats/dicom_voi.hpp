// DICOM's way from stored numbers to grey, in double precision: modality (rescale or a table), then values of
// interest (a window by its function, or a table), as PS3.3 C.11.1 and C.11.2 define them. DCMTK computes
// these in whole numbers where slopes are small, and shows two greys where there were thousands.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/intensity.hpp"

class DcmItem;

namespace dsx::data {

enum class VoiFunction { linear, linear_exact, sigmoid };

struct VoiWindow {
  double centre = 0, width = 1;
  VoiFunction function = VoiFunction::linear;
  // C.11.2.1.2: linear needs a width of 1 or more, the others more than 0.
  bool is_valid() const;
  double apply(double value) const;  // 0 black to 1 white
};

// A lookup table of the standard: entry 0 is for `first`; values beyond either end take that end's entry.
struct DicomTable {
  double first = 0;
  std::vector<double> entries;
  double most = 65535;  // what its bits can hold
  double apply(double value) const;
};

struct DicomTransform {
  double slope = 1, intercept = 0;
  std::optional<DicomTable> modality, voi;
  std::vector<VoiWindow> windows;
  std::optional<std::pair<int, int>> padding;  // stored numbers that are no image, first and last
  std::string note;                            // what was ignored
  bool rescales() const { return modality || slope != 1 || intercept != 0; }
  double value(double stored) const;  // after the modality transformation
};

// Throws DataError for tables that contradict themselves.
DicomTransform read_transform(DcmItem& dataset, bool is_signed);

// How numbers are stored in the pixels' words.
struct StoredBits {
  int bits = 8, high_bit = 7;
  bool is_signed = false;
  int lowest() const { return is_signed ? -(1 << (bits - 1)) : 0; }
  int highest() const { return is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1; }
  int number(unsigned word) const;
};

// `words`: one channel of CV_8U or CV_16U as decoded. `negative`: MONOCHROME1. With `windows` the first
// window (or table) that shows more than black and white; windows that do not are ignored, which the note
// says. Leaves kind and patient to the caller.
Picture grey_picture(const cv::Mat& words, const StoredBits& stored, const DicomTransform& transform,
                     bool negative, bool windows);

}  // namespace dsx::data

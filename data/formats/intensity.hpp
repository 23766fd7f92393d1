// Which values of an image are shown as black and as white: the one step between decoding and the 8 bits of
// the study, the same for every format. Files say how many bits they have, not how many are used: 12-bit
// radiographs in 16-bit files would come out nearly black.
#pragma once

#include <cstddef>
#include <map>
#include <opencv2/core.hpp>
#include <string>

namespace dsx::data {

struct IntensityRange {
  double black = 0, white = 255;  // black above white: the image is stored as a negative
  bool operator==(const IntensityRange&) const = default;
};

// A decoded image whose values are still those of its file.
struct Picture {
  cv::Mat image;           // one channel or three (RGB) of CV_8U, CV_16U, CV_32F or CV_64F
  std::string kind;        // "PNG16", "DICOM12", "uint8": images whose ranges may be compared
  IntensityRange range;    // what the kind's bits can hold, or what the file asks for
  bool own_range = false;  // the file asks for it (a DICOM window): found ranges do not replace it
  std::string patient;     // id in a DICOM file
  std::string note;        // what was odd about the file, in words that fit every such file; mostly empty
};

// What to take for black and white.
struct IntensityOptions {
  enum class Rule {
    automatic,  // the file's window; else its bits, or those that a kind's images use if they leave two
                // unused
    stored,     // the file's window; else its bits
    given       // one range for all, instead of windows too
  };
  Rule rule = Rule::automatic;
  IntensityRange given;
  std::map<std::string, IntensityRange> kinds;  // automatic: found before, ascending; others keep their bits
  bool to_be_found() const { return rule == Rule::automatic && kinds.empty(); }
};

// "auto", "stored", "0,4095" (also "0:4095" or "0..4095"), or what was found: "PNG16=0,4095;uint8=0,1".
// Throws ConfigError.
IntensityOptions intensity_from_string(const std::string& text);
std::string to_string(const IntensityOptions& options);

// The smallest and the largest value of an image, or of all images of a kind.
struct UsedValues {
  double low = 0, high = 0;
  std::size_t images = 0;
  void add(const UsedValues& other);
};
UsedValues used_values(const cv::Mat& image);

// What images of a kind are stretched to where they use at most a quarter of `stored`: whole bits (0 to 2^n -
// 1) for whole numbers from 0 on, else what is used. `stored` itself where they use more.
IntensityRange found_range(const UsedValues& used, const IntensityRange& stored);

// Throws DataError where a pixel is no number, or (`within_unit`: nobody has said what is black and white)
// not from 0 to 1.
void check_fractions(const cv::Mat& image, bool within_unit);

// The range for this picture.
IntensityRange chosen_range(const Picture& picture, const IntensityOptions& options);

// The picture with black 0 and white 255 or 65535 (CV_8U or CV_16U). 8- and 16-bit images that have these
// already stay as they are.
cv::Mat with_range(const cv::Mat& image, const IntensityRange& range);

}  // namespace dsx::data

// Decided on values after the modality transformation, since a negative slope turns dark and bright.
#include "data/formats/dicom_padding.hpp"

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on

#include <algorithm>
#include <cstdint>
#include <limits>

namespace dsx::data {
namespace {

std::optional<int> stored_number_at(DcmItem& item, const DcmTagKey& tag, bool is_signed) {
  Uint16 value = 0;
  Sint16 signed_value = 0;
  if (item.findAndGetUint16(tag, value).good())
    return is_signed ? int{static_cast<std::int16_t>(value)} : int{value};
  if (item.findAndGetSint16(tag, signed_value).good())
    return is_signed ? int{signed_value} : int{static_cast<std::uint16_t>(signed_value)};
  return std::nullopt;
}

unsigned word_at(const cv::Mat& words, int r, int c) {
  return words.depth() == CV_8U ? words.at<std::uint8_t>(r, c) : words.at<std::uint16_t>(r, c);
}

struct Spread {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

}  // namespace

std::optional<std::pair<int, int>> dicom_padding(DcmItem& dataset, bool is_signed) {
  const auto value = stored_number_at(dataset, DCM_PixelPaddingValue, is_signed);
  if (!value) return std::nullopt;
  const int limit = stored_number_at(dataset, DCM_PixelPaddingRangeLimit, is_signed).value_or(*value);
  return std::pair(std::min(*value, limit), std::max(*value, limit));
}

cv::Mat without_padding(const cv::Mat& words, const StoredBits& stored, const DicomTransform& transform,
                        bool negative) {
  if (!transform.padding) return words;
  const auto is_padding = [&](unsigned word) {
    const int number = stored.number(word);
    return number >= transform.padding->first && number <= transform.padding->second;
  };
  Spread image, padding;
  unsigned darkest = 0;
  for (int r = 0; r < words.rows; ++r)
    for (int c = 0; c < words.cols; ++c) {
      const unsigned word = word_at(words, r, c);
      const double value = (negative ? -1 : 1) * transform.value(stored.number(word));
      if (!is_padding(word) && value < image.low) darkest = word;
      (is_padding(word) ? padding : image).add(value);
    }
  constexpr double kFar = 0.25;  // of the image's spread
  const double far = kFar * (image.high - image.low);
  if (!(image.high > image.low) || (padding.low >= image.low - far && padding.high <= image.high + far))
    return words;
  cv::Mat clean = words.clone();
  for (int r = 0; r < words.rows; ++r)
    for (int c = 0; c < words.cols; ++c) {
      if (!is_padding(word_at(words, r, c))) continue;
      if (words.depth() == CV_8U)
        clean.at<std::uint8_t>(r, c) = static_cast<std::uint8_t>(darkest);
      else
        clean.at<std::uint16_t>(r, c) = static_cast<std::uint16_t>(darkest);
    }
  return clean;
}

}  // namespace dsx::data

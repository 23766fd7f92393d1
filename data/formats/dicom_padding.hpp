// What stands around a DICOM image where its detector saw nothing. Numbers far from the image's own (65535
// around 12 bits, -2000 below all HU) would decide what is black and white for the rest.
#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <utility>

#include "data/formats/dicom_voi.hpp"

class DcmItem;

namespace dsx::data {

// Pixel Padding Value, up to its Range Limit where there is one (PS3.3 C.7.5.1.1.2): first and last stored
// number.
std::optional<std::pair<int, int>> dicom_padding(DcmItem& dataset, bool is_signed);

// `words` (grey_picture()'s) with padding that lies beyond the image's own numbers, by more than a quarter of
// their spread, replaced by the darkest of them. As they are where there is none.
cv::Mat without_padding(const cv::Mat& words, const StoredBits& stored, const DicomTransform& transform,
                        bool negative);

}  // namespace dsx::data

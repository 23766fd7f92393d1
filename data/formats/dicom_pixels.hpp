// The pixels of a DICOM data set as its header calls them: decompressed by DCMTK, JPEG 2000 by OpenCV. What
// DCMTK must not be given is refused first.
#pragma once

#include <opencv2/core.hpp>

class DcmDataset;

namespace dsx::data {

enum class DicomCoding { plain, jpeg, jpeg_ls, other, jpeg2000 };

struct DicomHeader {
  int rows = 0, columns = 0, bits_allocated = 0, bits_stored = 0, high_bit = 0, samples = 1;
  bool is_signed = false;
  bool grey = true, negative = false;  // MONOCHROME1 or 2; negative: 1
  bool half_chroma = false;            // uncompressed YBR_*_422: two samples per pixel
};

// The words of a grey image (CV_8U or CV_16U), or RGB of 8 bits. May replace the data set's pixels by
// decompressed ones. Throws DataError: damaged, truncated, of another kind than the header says.
cv::Mat dicom_pixels(DcmDataset& dataset, DicomCoding coding, DicomHeader header);

}  // namespace dsx::data

// A DICOM file: parsed, decompressed and rendered by DCMTK (or OpenCV), which are Debian's own libraries and
// not instrumented: the sanitizer sees their heap, not their every access.
#include <opencv2/imgproc.hpp>

#include "data/formats/dicom.hpp"
#include "tests/data/make_dicom.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;

void read(std::span<const std::uint8_t> bytes) {
  if (is_dicom(bytes)) decode_dicom(bytes);
}

std::vector<Bytes> seeds() {
  cv::Mat image(40, 43, CV_8U);  // JPEG 2000 halves it five times
  cv::randu(image, 0, 255);
  cv::Mat wide, colour;
  image.convertTo(wide, CV_16U, 16);
  cv::merge(std::vector<cv::Mat>{image, image, image}, colour);
  std::vector<Bytes> all;
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit, EXS_JPEGProcess1,
        EXS_JPEGProcess2_4, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless, EXS_RLELossless,
        EXS_JPEG2000LosslessOnly}) {
    all.push_back(test::make_dicom(image, {syntax, "MONOCHROME1", 8, {{DCM_PatientID, "p1"}}}));
    if (syntax != EXS_JPEGProcess1)
      all.push_back(test::make_dicom(wide, {syntax,
                                            "MONOCHROME2",
                                            12,
                                            {{DCM_WindowCenter, "900\\100"},
                                             {DCM_WindowWidth, "500\\9"},
                                             {DCM_RescaleSlope, "2"},
                                             {DCM_RescaleIntercept, "-5"}}}));
  }
  all.push_back(test::make_dicom(colour, {EXS_LittleEndianExplicit, "RGB", 8}));
  all.push_back(
      test::make_dicom(image, {EXS_LittleEndianExplicit, "MONOCHROME2", 8, {{DCM_NumberOfFrames, "2"}}}));
  // Padding and numbers that are none; luma and chroma; a table with an odd descriptor.
  test::DicomForm padding{EXS_LittleEndianExplicit, "MONOCHROME2", 16, {{DCM_RescaleSlope, "NaN"}}};
  padding.more = [](DcmDataset& data) {
    test::check(data.putAndInsertUint16(DCM_PixelPaddingValue, 65535));
    test::check(data.putAndInsertUint16(DCM_PixelPaddingRangeLimit, 60000));
  };
  all.push_back(test::make_dicom(wide, padding));
  for (const char* model : {"YBR_FULL", "YBR_FULL_422"})
    all.push_back(test::make_dicom(colour, {EXS_LittleEndianExplicit, model, 8}));
  test::DicomForm table{EXS_LittleEndianExplicit, "MONOCHROME2", 8};
  table.more = [](DcmDataset& data) {
    DcmItem* item = nullptr;
    const Uint16 descriptor[] = {4, 0, 32}, entries[] = {0, 9, 99, 999};
    test::check(data.findOrCreateSequenceItem(DCM_VOILUTSequence, item));
    test::check(item->putAndInsertUint16Array(DCM_LUTDescriptor, descriptor, 3));
    test::check(item->putAndInsertUint16Array(DCM_LUTData, entries, 4));
  };
  all.push_back(test::make_dicom(image, table));
  return all;
}

}  // namespace dsx::fuzz

// DICOM files in memory as DCMTK itself writes them, in every coding that is read: for tests and as fuzz
// seeds.
#pragma once

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpls/djencode.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace dsx::test {

struct DicomForm {
  E_TransferSyntax syntax = EXS_LittleEndianExplicit;
  const char* colours = "MONOCHROME2";
  int bits_stored = 8;
  std::vector<std::pair<DcmTagKey, std::string>> texts = {};  // further elements
  int bits_allocated = 0;                                     // 0: the image's
  bool in_boxes = false;                                      // JPEG 2000: a whole .jp2 file
  std::function<void(DcmDataset&)> more = {};                 // further changes, before it is encoded
};

inline void check(const OFCondition& status) {
  if (status.bad()) throw std::runtime_error(status.text());
}

// The raw JPEG 2000 stream out of the .jp2 that OpenCV writes.
inline std::vector<std::uint8_t> jpeg2000_stream(const cv::Mat& image, bool in_boxes = false) {
  std::vector<std::uint8_t> jp2;
  if (!cv::imencode(".jp2", image, jp2, {cv::IMWRITE_JPEG2000_COMPRESSION_X1000, 1000}))
    throw std::runtime_error("OpenCV writes no JPEG 2000");
  if (in_boxes) return jp2;
  const std::vector<std::uint8_t> start = {0xFF, 0x4F, 0xFF, 0x51};
  return {std::search(jp2.begin(), jp2.end(), start.begin(), start.end()), jp2.end()};
}

inline void set_pixels(DcmDataset& data, const cv::Mat& image, const DicomForm& form) {
  if (form.syntax == EXS_JPEG2000LosslessOnly) {
    auto sequence = std::make_unique<DcmPixelSequence>(DCM_PixelSequenceTag);
    auto table = std::make_unique<DcmPixelItem>(DCM_PixelItemTag);
    check(sequence->insert(table.release()));
    DcmOffsetList offsets;
    std::vector<std::uint8_t> stream = jpeg2000_stream(image, form.in_boxes);
    if (stream.size() % 2 != 0) stream.push_back(0);
    check(sequence->storeCompressedFrame(offsets, stream.data(), static_cast<Uint32>(stream.size()), 0));
    auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
    pixels->putOriginalRepresentation(form.syntax, nullptr, sequence.release());
    check(data.insert(pixels.release(), OFTrue));
    return;
  }
  const auto count = static_cast<unsigned long>(image.total() * static_cast<std::size_t>(image.channels()));
  if (image.depth() == CV_8U) {
    check(data.putAndInsertUint8Array(DCM_PixelData, image.data, count));
  } else {
    check(data.putAndInsertUint16Array(DCM_PixelData, reinterpret_cast<const Uint16*>(image.data), count));
  }
}

// `image`: one channel of 8 or 16 bits, or RGB of 8.
inline std::vector<std::uint8_t> make_dicom(const cv::Mat& image, const DicomForm& form) {
  static const bool registered = [] {
    DJEncoderRegistration::registerCodecs();
    DJLSEncoderRegistration::registerCodecs();
    DcmRLEEncoderRegistration::registerCodecs();
    return true;
  }();
  static_cast<void>(registered);
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  check(data.putAndInsertString(DCM_SOPClassUID, UID_SecondaryCaptureImageStorage));
  check(data.putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4"));
  check(data.putAndInsertString(DCM_PhotometricInterpretation, form.colours));
  check(data.putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(image.channels())));
  if (image.channels() == 3) check(data.putAndInsertUint16(DCM_PlanarConfiguration, 0));
  check(data.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(image.rows)));
  check(data.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(image.cols)));
  const int words = image.depth() == CV_8U ? 8 : 16;
  check(data.putAndInsertUint16(DCM_BitsAllocated,
                                static_cast<Uint16>(form.bits_allocated > 0 ? form.bits_allocated : words)));
  check(data.putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(form.bits_stored)));
  check(data.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(form.bits_stored - 1)));
  check(data.putAndInsertUint16(DCM_PixelRepresentation, 0));
  for (const auto& [tag, text] : form.texts) check(data.putAndInsertString(tag, text.c_str()));
  set_pixels(data, image, form);
  if (form.more) form.more(data);
  if (form.syntax != EXS_JPEG2000LosslessOnly) check(data.chooseRepresentation(form.syntax, nullptr));
  std::vector<std::uint8_t> bytes(image.total() * image.elemSize() * 2 + 65536);
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  file.transferInit();
  check(file.write(stream, form.syntax, EET_ExplicitLength, nullptr));
  file.transferEnd();
  bytes.resize(static_cast<std::size_t>(stream.tell()));
  return bytes;
}

}  // namespace dsx::test

// What DCMTK must not be given is refused first: images of other sizes than they say, JPEG markers that it
// would look at for ever. JPEG 2000, which it leaves out, goes through OpenCV.
#include "data/formats/dicom_pixels.hpp"

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmimage/diregist.h>
#include <dcmtk/dcmimgle/dcmimage.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/imgcodecs.hpp>
#include <string_view>
#include <vector>

#include "data/formats/opencv_image.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

// The compressed image, whatever fragments it lies in.
std::vector<std::uint8_t> compressed_image(DcmDataset& dataset) {
  DcmElement* element = nullptr;
  DcmPixelSequence* sequence = nullptr;
  if (dataset.findAndGetElement(DCM_PixelData, element).bad()) throw DataError("damaged DICOM image");
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  E_TransferSyntax syntax = EXS_Unknown;
  const DcmRepresentationParameter* parameter = nullptr;
  if (pixels == nullptr) throw DataError("damaged DICOM image");
  pixels->getOriginalRepresentationKey(syntax, parameter);
  if (pixels->getEncapsulatedRepresentation(syntax, parameter, sequence).bad() || sequence == nullptr)
    throw DataError("damaged DICOM image");
  std::vector<std::uint8_t> bytes;
  for (unsigned long i = 1; i < sequence->card(); ++i) {  // the first item is a table of offsets
    DcmPixelItem* item = nullptr;
    Uint8* part = nullptr;
    if (sequence->getItem(item, i).bad() || item == nullptr || item->getUint8Array(part).bad() ||
        part == nullptr)
      throw DataError("damaged DICOM image");
    bytes.insert(bytes.end(), part, part + item->getLength());
  }
  return bytes;
}

// The decoder would fill what is missing.
void check_jpeg_end(const std::vector<std::uint8_t>& bytes) {
  constexpr std::uint8_t kEnd[] = {0xFF, 0xD9};
  const auto tail =
      bytes.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 4));  // and padding
  if (std::search(tail, bytes.end(), std::begin(kEnd), std::end(kEnd)) == bytes.end())
    throw DataError("truncated JPEG in a DICOM file");
}

unsigned big_endian(const std::vector<std::uint8_t>& bytes, std::size_t at, std::size_t width) {
  unsigned value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[at + i];
  return value;
}

// DCMTK looks for the frame's header from marker to marker as here. It (3.6.7) stays at the marker 0xFF01 for
// ever, which no image needs.
void check_jpeg_markers(const std::vector<std::uint8_t>& bytes) {
  for (std::size_t at = 0; at + 4 < bytes.size();) {
    const unsigned marker = big_endian(bytes, at, 2);
    if (marker == 0xFF01) throw DataError("damaged JPEG in a DICOM file");
    const bool frame =
        marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 && marker != 0xFFCC;
    if (frame || marker < 0xFF03) return;
    const bool alone = marker < 0xFFC0 || (marker >= 0xFFD0 && marker <= 0xFFD9);
    at += marker == 0xFFFF ? 1 : 2 + (alone ? 0 : big_endian(bytes, at + 2, 2));
  }
}

// The codestream of a JP2 file, which some devices write in its place: the contents of its box jp2c (ISO
// 15444-1, I.5.4). Other bytes as they are.
std::vector<std::uint8_t> codestream(std::vector<std::uint8_t> bytes) {
  constexpr std::uint32_t kSignature = 0x6A502020, kContents = 0x6A703263;
  if (bytes.size() < 12 || big_endian(bytes, 4, 4) != kSignature) return bytes;
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    const std::size_t length = big_endian(bytes, at, 4);
    const std::size_t head = length == 1 ? 16 : 8;
    if (big_endian(bytes, at + 4, 4) == kContents && at + head <= bytes.size())
      return {bytes.begin() + static_cast<std::ptrdiff_t>(at + head), bytes.end()};
    if (length < 8) break;
    at += length;
  }
  throw DataError("a JP2 file without an image in a DICOM file");
}

cv::Mat jpeg2000_pixels(DcmDataset& dataset, const DicomHeader& header) {
  const std::vector<std::uint8_t> bytes = codestream(compressed_image(dataset));
  // Markers SOC and SIZ, then the size of the image and its offset (ISO 15444-1, A.5.1).
  const bool starts = bytes.size() > 42 && big_endian(bytes, 0, 4) == 0xFF4FFF51;
  if (!starts) throw DataError("damaged JPEG 2000 in a DICOM file");
  if (big_endian(bytes, 8, 4) != static_cast<unsigned>(header.columns) ||
      big_endian(bytes, 12, 4) != static_cast<unsigned>(header.rows) || big_endian(bytes, 16, 4) != 0 ||
      big_endian(bytes, 20, 4) != 0)
    throw DataError("JPEG 2000 in a DICOM file is of another size than its header says");
  const bool is_signed = (bytes[42] & 0x80) != 0;
  if (is_signed || header.is_signed || !header.grey || big_endian(bytes, 40, 2) != 1)
    throw DataError(
        "JPEG 2000 in a DICOM file: only unsigned grey images are read; convert it, e.g. with gdcmconv "
        "--raw");
  const cv::Mat image = decode_opencv(bytes, cv::IMREAD_UNCHANGED);
  const bool narrow = header.bits_allocated == 8;
  if (image.rows != header.rows || image.cols != header.columns || image.channels() != 1 ||
      (image.depth() != CV_8U && image.depth() != CV_16U) || (narrow && image.depth() != CV_8U))
    throw DataError("JPEG 2000 in a DICOM file is of another kind than its header says");
  if (narrow || image.depth() == CV_16U) return image;
  cv::Mat wide;
  image.convertTo(wide, CV_16U);
  return wide;
}

void decompress(DcmDataset& dataset, DicomCoding coding, DicomHeader& header) {
  if (coding == DicomCoding::plain) return;
  if (coding == DicomCoding::jpeg || coding == DicomCoding::jpeg_ls) {
    const std::vector<std::uint8_t> bytes = compressed_image(dataset);
    check_jpeg_end(bytes);
    if (coding == DicomCoding::jpeg) check_jpeg_markers(bytes);
  }
  const OFCondition status = dataset.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  if (status.bad()) throw DataError(fmt::format("damaged image in a DICOM file: {}", status.text()));
  header.half_chroma = false;  // decoders give whole ones
  Uint16 allocated = 0;        // a decoder narrows the words where its image does
  if (dataset.findAndGetUint16(DCM_BitsAllocated, allocated).good() && (allocated == 8 || allocated == 16)) {
    header.bits_allocated = allocated;
  }
}

// DCMTK fills what is missing with zeros.
void check_length(DcmDataset& dataset, const DicomHeader& header) {
  DcmElement* element = nullptr;
  const int samples = header.half_chroma ? 2 : header.samples;
  const std::uint64_t bytes = std::uint64_t{static_cast<unsigned>(header.rows)} *
                              static_cast<unsigned>(header.columns) * static_cast<unsigned>(samples) *
                              static_cast<unsigned>(header.bits_allocated) / 8;
  if (dataset.findAndGetElement(DCM_PixelData, element).bad() || element == nullptr ||
      element->getLength() < bytes)
    throw DataError("truncated image in a DICOM file");
}

cv::Mat grey_words(DcmDataset& dataset, const DicomHeader& header) {
  const std::size_t count = static_cast<std::size_t>(header.rows) * static_cast<std::size_t>(header.columns);
  unsigned long length = 0;
  const auto copied = [&](const void* words, int type) {
    if (words == nullptr || length < count) throw DataError("truncated image in a DICOM file");
    return cv::Mat(header.rows, header.columns, type, const_cast<void*>(words)).clone();
  };
  if (header.bits_allocated == 8) {
    const Uint8* bytes = nullptr;
    if (dataset.findAndGetUint8Array(DCM_PixelData, bytes, &length).bad())
      throw DataError("damaged DICOM image");
    return copied(bytes, CV_8U);
  }
  const Uint16* words = nullptr;
  if (dataset.findAndGetUint16Array(DCM_PixelData, words, &length).bad())
    throw DataError("damaged DICOM image");
  return copied(words, CV_16U);
}

// PS3.3 C.7.6.3.1.2, in floating point: DCMTK's whole numbers come out a level too dark.
void set_rgb(std::uint8_t* rgb, double y, double cb, double cr) {
  const double blue = cb - 128, red = cr - 128;
  const double values[] = {y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue};
  for (int i = 0; i < 3; ++i)
    rgb[i] = static_cast<std::uint8_t>(std::clamp(std::floor(values[i] + 0.5), 0., 255.));
}

// Uncompressed luma and chroma: one pixel after the other or plane by plane, or (422) two pixels' luma before
// the chroma that they share.
cv::Mat full_ybr_pixels(DcmDataset& dataset, const DicomHeader& header) {
  const Uint8* bytes = nullptr;
  unsigned long length = 0;
  const std::size_t count = static_cast<std::size_t>(header.rows) * static_cast<std::size_t>(header.columns);
  const std::size_t needed = (header.half_chroma ? 2 : 3) * count;
  if (dataset.findAndGetUint8Array(DCM_PixelData, bytes, &length).bad() || bytes == nullptr ||
      length < needed || (header.half_chroma && count % 2 != 0))
    throw DataError("truncated image in a DICOM file");
  Uint16 by_plane = 0;
  dataset.findAndGetUint16(DCM_PlanarConfiguration, by_plane);
  cv::Mat pixels(header.rows, header.columns, CV_8UC3);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t* rgb = pixels.data + 3 * i;
    if (header.half_chroma) {
      const Uint8* pair = bytes + i / 2 * 4;
      set_rgb(rgb, pair[i % 2], pair[2], pair[3]);
    } else if (by_plane == 1) {
      set_rgb(rgb, bytes[i], bytes[count + i], bytes[2 * count + i]);
    } else {
      set_rgb(rgb, bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2]);
    }
  }
  return pixels;
}

bool is_full_ybr(DcmDataset& dataset, const DicomHeader& header) {
  OFString model;  // a decoder may have made RGB of it
  dataset.findAndGetOFString(DCM_PhotometricInterpretation, model);
  return model == "YBR_FULL" || (model == "YBR_FULL_422" && header.half_chroma);
}

cv::Mat rendered_colour(DcmDataset& dataset, const DicomHeader& header, E_TransferSyntax syntax) {
  DicomImage image(&dataset, syntax, CIF_UseAbsolutePixelRange | CIF_NeverAccessEmbeddedOverlays);
  if (image.getStatus() != EIS_Normal)
    throw DataError(
        fmt::format("damaged image in a DICOM file: {}", DicomImage::getString(image.getStatus())));
  if (static_cast<int>(image.getHeight()) != header.rows ||
      static_cast<int>(image.getWidth()) != header.columns)
    throw DataError("damaged image in a DICOM file: its sizes differ");
  cv::Mat pixels(header.rows, header.columns, CV_8UC(header.samples));
  const std::size_t bytes = pixels.total() * pixels.elemSize();
  if (image.getOutputDataSize(8) != bytes || image.getOutputData(pixels.data, bytes, 8) == 0)
    throw DataError("damaged image in a DICOM file: it cannot be rendered");
  return pixels;
}

}  // namespace

cv::Mat dicom_pixels(DcmDataset& dataset, DicomCoding coding, DicomHeader header) {
  if (coding == DicomCoding::jpeg2000) return jpeg2000_pixels(dataset, header);
  decompress(dataset, coding, header);
  check_length(dataset, header);
  if (header.grey) return grey_words(dataset, header);
  if (is_full_ybr(dataset, header)) return full_ybr_pixels(dataset, header);
  const bool plain = coding == DicomCoding::plain;
  return rendered_colour(dataset, header, plain ? dataset.getOriginalXfer() : EXS_LittleEndianExplicit);
}

}  // namespace dsx::data

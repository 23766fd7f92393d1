// What DCMTK must not be given is refused first: deflated files (a bomb), nesting that would end its
// recursion's stack, images of other sizes than they say. It then parses, decompresses and renders.
#include "data/formats/dicom.hpp"

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmimage/diregist.h>
#include <dcmtk/dcmimgle/dcmimage.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "data/formats/dicom_stream.hpp"
#include "data/formats/fit_image.hpp"
#include "data/formats/image_file.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr Uint32 kMaxEagerBytes = 4096;  // longer values are read when they are asked for (dicom_stream.hpp)
constexpr std::size_t kMaxItems = 2000;  // of sequences, also nested ones: DCMTK recurses into them

enum class Coding { plain, jpeg, jpeg_ls, other, jpeg2000 };

// The transfer syntaxes that are read. Deflated ones are not: their size has no bound before they are read.
struct Syntax {
  E_TransferSyntax syntax;
  Coding coding;
};
constexpr Syntax kSyntaxes[] = {
    {EXS_LittleEndianImplicit, Coding::plain}, {EXS_LittleEndianExplicit, Coding::plain},
    {EXS_BigEndianExplicit, Coding::plain},    {EXS_JPEGProcess1, Coding::jpeg},  // baseline
    {EXS_JPEGProcess2_4, Coding::jpeg},                                           // extended, 12 bits
    {EXS_JPEGProcess14, Coding::jpeg},                                            // lossless
    {EXS_JPEGProcess14SV1, Coding::jpeg},                                         // lossless, the usual one
    {EXS_JPEGLSLossless, Coding::jpeg_ls},     {EXS_JPEGLSLossy, Coding::jpeg_ls},
    {EXS_RLELossless, Coding::other},          {EXS_JPEG2000LosslessOnly, Coding::jpeg2000},
    {EXS_JPEG2000, Coding::jpeg2000}};

void set_up_dcmtk() {
  static const bool done = [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    DcmRLEDecoderRegistration::registerCodecs();
    return true;
  }();
  static_cast<void>(done);
}

Coding coding_of(std::span<const std::uint8_t> bytes) {
  DicomMemoryStream stream(bytes);
  DcmMetaInfo meta;
  meta.transferInit();
  const OFCondition status = meta.read(stream, EXS_Unknown, EGL_noChange, kMaxEagerBytes);
  meta.transferEnd();
  OFString uid;
  if (status.bad() || meta.findAndGetOFString(DCM_TransferSyntaxUID, uid).bad())
    throw DataError("damaged DICOM header");
  const DcmXfer xfer(uid.c_str());
  for (const Syntax& known : kSyntaxes)
    if (xfer.getXfer() == known.syntax) return known.coding;
  throw DataError(fmt::format("DICOM transfer syntax {:.64} ({}) is not read; convert it, e.g. with dcmconv",
                              uid.c_str(), xfer.getXferName()));
}

void check_items(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kLittle("\xFE\xFF\x00\xE0", 4), kBig("\xFF\xFE\xE0\x00", 4);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::string_view tag : {kLittle, kBig}) {
    std::size_t count = 0;
    for (std::size_t at = text.find(tag); at != std::string_view::npos; at = text.find(tag, at + tag.size()))
      if (++count > kMaxItems)
        throw DataError(fmt::format("DICOM file of more than {} items is refused", kMaxItems));
  }
}

struct Header {
  int rows = 0, columns = 0, bits_allocated = 0, bits_stored = 0, samples = 1;
  bool is_signed = false;
};

Header check_header(DcmDataset& dataset) {
  const auto number = [&](const DcmTagKey& tag) {
    Uint16 value = 0;
    dataset.findAndGetUint16(tag, value);
    return int{value};
  };
  Header header{number(DCM_Rows),       number(DCM_Columns),         number(DCM_BitsAllocated),
                number(DCM_BitsStored), number(DCM_SamplesPerPixel), number(DCM_PixelRepresentation) != 0};
  if (!dataset.tagExists(DCM_PixelData) || header.rows == 0 || header.columns == 0)
    throw DataError("a DICOM file without an image, or damaged");
  Sint32 frames = 1;
  if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).good() && frames != 1)
    throw DataError(fmt::format(
        "DICOM file of {} frames; multi-frame images are not read: save each frame as a file", frames));
  if (std::uint64_t{static_cast<unsigned>(header.rows)} * static_cast<unsigned>(header.columns) > kMaxPixels)
    throw DataError("DICOM image of too many pixels");
  if ((header.bits_allocated != 8 && header.bits_allocated != 16) || header.bits_stored < 1 ||
      header.bits_stored > header.bits_allocated)
    throw DataError(fmt::format("DICOM image of {} bits in {} is not read; 8 to 16 are", header.bits_stored,
                                header.bits_allocated));
  OFString colours;
  dataset.findAndGetOFString(DCM_PhotometricInterpretation, colours);
  const std::string model(colours.c_str());
  const bool grey = model == "MONOCHROME1" || model == "MONOCHROME2";
  const bool colour = model == "RGB" || model.starts_with("YBR_");
  if (!(grey && header.samples == 1) && !(colour && header.samples == 3 && header.bits_allocated == 8))
    throw DataError(fmt::format("DICOM colours '{:.32}' with {} samples of {} bits are not read", model,
                                header.samples, header.bits_allocated));
  return header;
}

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

// Decodes with OpenCV and puts the pixels in place of the compressed ones.
void decompress_jpeg2000(DcmDataset& dataset, const Header& header) {
  const std::vector<std::uint8_t> bytes = compressed_image(dataset);
  // Markers SOC and SIZ, then the size of the image and its offset (ISO 15444-1, A.5.1).
  const bool fits = bytes.size() > 42 && big_endian(bytes, 0, 4) == 0xFF4FFF51 &&
                    big_endian(bytes, 8, 4) == static_cast<unsigned>(header.columns) &&
                    big_endian(bytes, 12, 4) == static_cast<unsigned>(header.rows) &&
                    big_endian(bytes, 16, 4) == 0 && big_endian(bytes, 20, 4) == 0 &&
                    big_endian(bytes, 40, 2) == 1;
  if (!fits || header.is_signed || header.samples != 1)
    throw DataError(
        "JPEG 2000 in a DICOM file: only unsigned grey images of the size in its header are read");
  const cv::Mat image = decode_with_opencv(bytes);
  if (image.rows != header.rows || image.cols != header.columns || image.channels() != 1 ||
      image.depth() != (header.bits_allocated == 8 ? CV_8U : CV_16U) || !image.isContinuous())
    throw DataError("JPEG 2000 in a DICOM file is of another kind than its header says");
  delete dataset.remove(DCM_PixelData);
  const auto count = static_cast<unsigned long>(image.total());
  const OFCondition status = header.bits_allocated == 8
                                 ? dataset.putAndInsertUint8Array(DCM_PixelData, image.data, count)
                                 : dataset.putAndInsertUint16Array(
                                       DCM_PixelData, reinterpret_cast<const Uint16*>(image.data), count);
  if (status.bad()) throw DataError("damaged DICOM image");
}

void decompress(DcmDataset& dataset, Coding coding, const Header& header) {
  if (coding == Coding::plain) return;
  if (coding == Coding::jpeg2000) return decompress_jpeg2000(dataset, header);
  if (coding == Coding::jpeg || coding == Coding::jpeg_ls) {
    const std::vector<std::uint8_t> bytes = compressed_image(dataset);
    check_jpeg_end(bytes);
    if (coding == Coding::jpeg) check_jpeg_markers(bytes);
  }
  const OFCondition status = dataset.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  if (status.bad()) throw DataError(fmt::format("damaged image in a DICOM file: {}", status.text()));
}

// DCMTK fills what is missing with zeros.
void check_length(DcmDataset& dataset, const Header& header) {
  DcmElement* element = nullptr;
  const std::uint64_t bytes = std::uint64_t{static_cast<unsigned>(header.rows)} *
                              static_cast<unsigned>(header.columns) * static_cast<unsigned>(header.samples) *
                              static_cast<unsigned>(header.bits_allocated) / 8;
  if (dataset.findAndGetElement(DCM_PixelData, element).bad() || element == nullptr ||
      element->getLength() < bytes)
    throw DataError("truncated image in a DICOM file");
}

cv::Mat render(DcmDataset& dataset, const Header& header, E_TransferSyntax syntax) {
  DicomImage image(&dataset, syntax, CIF_UseAbsolutePixelRange | CIF_NeverAccessEmbeddedOverlays);
  if (image.getStatus() != EIS_Normal)
    throw DataError(
        fmt::format("damaged image in a DICOM file: {}", DicomImage::getString(image.getStatus())));
  if (static_cast<int>(image.getHeight()) != header.rows ||
      static_cast<int>(image.getWidth()) != header.columns)
    throw DataError("damaged image in a DICOM file: its sizes differ");
  if (image.isMonochrome()) {
    // Without a window, the whole range that the stored bits can hold: 8 bits stay what they are.
    if (image.getWindowCount() > 0) {
      image.setWindow(0);
    } else if (image.getVoiLutCount() > 0) {
      image.setVoiLut(0);
    } else {
      image.setNoVoiTransformation();
    }
  }
  const int bits = header.samples == 1 && header.bits_stored > 8 ? 16 : 8;
  cv::Mat pixels(header.rows, header.columns, bits == 16 ? CV_16U : CV_8UC(header.samples));
  const std::size_t bytes = pixels.total() * pixels.elemSize();
  if (image.getOutputDataSize(bits) != bytes || image.getOutputData(pixels.data, bytes, bits) == 0)
    throw DataError("damaged image in a DICOM file: it cannot be rendered");
  return pixels;
}

}  // namespace

bool is_dicom(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 132 && std::memcmp(bytes.data() + 128, "DICM", 4) == 0;
}

DicomImageData decode_dicom(std::span<const std::uint8_t> bytes) {
  set_up_dcmtk();
  const Coding coding = coding_of(bytes);
  check_items(bytes);
  DicomMemoryStream stream(bytes);
  DcmFileFormat file;
  file.transferInit();
  const OFCondition status = file.read(stream, EXS_Unknown, EGL_noChange, kMaxEagerBytes);
  file.transferEnd();
  if (status.bad()) throw DataError(fmt::format("damaged or truncated DICOM file: {}", status.text()));
  DcmDataset& dataset = *file.getDataset();
  const Header header = check_header(dataset);
  decompress(dataset, coding, header);
  check_length(dataset, header);
  DicomImageData result;
  result.image =
      render(dataset, header, coding == Coding::plain ? dataset.getOriginalXfer() : EXS_LittleEndianExplicit);
  OFString patient;
  if (dataset.findAndGetOFString(DCM_PatientID, patient).good()) result.patient = patient.c_str();
  const std::size_t last = result.patient.find_last_not_of(' ');
  result.patient.resize(last == std::string::npos ? 0 : last + 1);
  return result;
}

}  // namespace dsx::data

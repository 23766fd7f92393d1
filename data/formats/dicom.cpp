// What DCMTK must not be given is refused first: deflated files (a bomb), nesting that would end its
// recursion's stack. It then parses; dicom_pixels.cpp decompresses, dicom_voi.cpp makes grey of the numbers.
#include "data/formats/dicom.hpp"

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "data/formats/dicom_pixels.hpp"
#include "data/formats/dicom_stream.hpp"
#include "data/formats/dicom_voi.hpp"
#include "data/formats/fit_image.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr Uint32 kMaxEagerBytes = 4096;  // longer values are read when they are asked for (dicom_stream.hpp)
constexpr std::size_t kMaxItems = 2000;  // of sequences, also nested ones: DCMTK recurses into them
constexpr std::size_t kPreamble = 128;

// The transfer syntaxes that are read. Deflated ones are not: their size has no bound before they are read.
struct Syntax {
  E_TransferSyntax syntax;
  DicomCoding coding;
};
constexpr Syntax kSyntaxes[] = {
    {EXS_LittleEndianImplicit, DicomCoding::plain}, {EXS_LittleEndianExplicit, DicomCoding::plain},
    {EXS_BigEndianExplicit, DicomCoding::plain},    {EXS_JPEGProcess1, DicomCoding::jpeg},  // baseline
    {EXS_JPEGProcess2_4, DicomCoding::jpeg},    // extended, 12 bits
    {EXS_JPEGProcess14, DicomCoding::jpeg},     // lossless
    {EXS_JPEGProcess14SV1, DicomCoding::jpeg},  // lossless, the usual one
    {EXS_JPEGLSLossless, DicomCoding::jpeg_ls},     {EXS_JPEGLSLossy, DicomCoding::jpeg_ls},
    {EXS_RLELossless, DicomCoding::other},          {EXS_JPEG2000LosslessOnly, DicomCoding::jpeg2000},
    {EXS_JPEG2000, DicomCoding::jpeg2000}};

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

// Of the transfer syntax that the file names; a file without one is taken for uncompressed, as DCMTK then
// reads it.
DicomCoding coding_of(std::span<const std::uint8_t> bytes) {
  DicomMemoryStream stream(bytes);
  DcmMetaInfo meta;
  meta.transferInit();
  const OFCondition status = meta.read(stream, EXS_Unknown, EGL_noChange, kMaxEagerBytes);
  meta.transferEnd();
  OFString uid;
  if (status.bad() || meta.findAndGetOFString(DCM_TransferSyntaxUID, uid).bad()) return DicomCoding::plain;
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

void check_image(const DicomHeader& header, const std::string& model) {
  if (std::uint64_t{static_cast<unsigned>(header.rows)} * static_cast<unsigned>(header.columns) > kMaxPixels)
    throw DataError("DICOM image of too many pixels");
  if ((header.bits_allocated != 8 && header.bits_allocated != 16) || header.bits_stored < 1 ||
      header.bits_stored > header.bits_allocated)
    throw DataError(
        fmt::format("DICOM image of {} bits in {} is not read, 8 to 16 are; convert it, e.g. to PNG",
                    header.bits_stored, header.bits_allocated));
  const bool colour = model == "RGB" || model.starts_with("YBR_");
  if (!(header.grey && header.samples == 1) && !(colour && header.samples == 3 && header.bits_allocated == 8))
    throw DataError(
        fmt::format("DICOM colours '{:.32}' with {} samples of {} bits are not read; convert it, e.g. to PNG",
                    model, header.samples, header.bits_allocated));
}

DicomHeader check_header(DcmDataset& dataset, DicomCoding coding) {
  const auto number = [&](const DcmTagKey& tag) {
    Uint16 value = 0;
    dataset.findAndGetUint16(tag, value);
    return int{value};
  };
  DicomHeader header;
  header.rows = number(DCM_Rows);
  header.columns = number(DCM_Columns);
  if (!dataset.tagExists(DCM_PixelData) || header.rows == 0 || header.columns == 0)
    throw DataError("a DICOM file without an image, or damaged");
  header.bits_allocated = number(DCM_BitsAllocated);
  header.bits_stored = number(DCM_BitsStored);
  header.high_bit = number(DCM_HighBit);
  if (header.high_bit < header.bits_stored - 1 || header.high_bit >= header.bits_allocated)
    header.high_bit = header.bits_stored - 1;
  header.samples = number(DCM_SamplesPerPixel);
  header.is_signed = number(DCM_PixelRepresentation) != 0;
  Sint32 frames = 1;
  if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).good() && frames != 1)
    throw DataError(fmt::format(
        "DICOM file of {} frames; multi-frame images are not read: save each frame as a file", frames));
  OFString colours;
  dataset.findAndGetOFString(DCM_PhotometricInterpretation, colours);
  const std::string model(colours.c_str());
  header.negative = model == "MONOCHROME1";
  header.grey = header.negative || model == "MONOCHROME2";
  header.half_chroma = coding == DicomCoding::plain && model.ends_with("_422");
  check_image(header, model);
  return header;
}

// A file that names no transfer syntax, read as an uncompressed one.
void refuse_unnamed_compression(DcmDataset& dataset) {
  DcmElement* element = nullptr;
  constexpr Uint32 kUndefined = 0xFFFFFFFF;
  if (dataset.findAndGetElement(DCM_PixelData, element).good() && element != nullptr &&
      element->getLengthField() == kUndefined)
    throw DataError("a DICOM file that names no transfer syntax, though its image is compressed");
}

std::string patient_of(DcmDataset& dataset) {
  OFString text;
  if (dataset.findAndGetOFString(DCM_PatientID, text).bad()) return "";
  const std::string patient(text.c_str());
  const std::size_t first = patient.find_first_not_of(' ');
  return first == std::string::npos ? "" : patient.substr(first, patient.find_last_not_of(' ') + 1 - first);
}

std::string kind_of(const DicomHeader& header, const DicomTransform& transform, bool own_range) {
  if (!header.grey) return "DICOM-colour";
  return fmt::format("DICOM{}{}{}", header.bits_stored, header.is_signed ? "-signed" : "",
                     own_range              ? "-window"
                     : transform.rescales() ? "-rescaled"
                                            : "");
}

// An element of group 8 or 2, as every file begins: explicit with its two letters, or a length that fits.
bool starts_with_element(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 16 || (bytes[0] != 2 && bytes[0] != 8) || bytes[1] != 0 || bytes[3] != 0) return false;
  const auto is_letter = [](std::uint8_t c) { return c >= 'A' && c <= 'Z'; };
  if (is_letter(bytes[4]) && is_letter(bytes[5])) return true;
  const std::uint32_t length = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | std::uint32_t{bytes[7]} << 24;
  return bytes[0] == 8 && length < 256 && length % 2 == 0 && length + 16 <= bytes.size() &&
         bytes[8 + length] == 8 && bytes[9 + length] == 0;
}

}  // namespace

bool has_dicom_preamble(std::span<const std::uint8_t> bytes) {
  return bytes.size() > kPreamble + 4 && std::memcmp(bytes.data() + kPreamble, "DICM", 4) == 0;
}

bool is_dicom(std::span<const std::uint8_t> bytes) {
  return has_dicom_preamble(bytes) || starts_with_element(bytes);
}

Picture decode_dicom(std::span<const std::uint8_t> bytes, const PictureOptions& options) {
  set_up_dcmtk();
  const DicomCoding coding = coding_of(bytes);
  check_items(bytes);
  DicomMemoryStream stream(bytes);
  DcmFileFormat file;
  file.transferInit();
  const OFCondition status = file.read(stream, EXS_Unknown, EGL_noChange, kMaxEagerBytes);
  file.transferEnd();
  if (status.bad()) throw DataError(fmt::format("damaged or truncated DICOM file: {}", status.text()));
  DcmDataset& dataset = *file.getDataset();
  const DicomHeader header = check_header(dataset, coding);
  if (coding == DicomCoding::plain) refuse_unnamed_compression(dataset);
  const DicomTransform transform = read_transform(dataset, header.is_signed);
  // Ranges are never looked for in files that have their own.
  const bool has_window = !transform.windows.empty() || transform.voi;
  if (options.wanted && (has_window || !options.wanted(kind_of(header, transform, false)))) return {};
  Picture picture;
  const cv::Mat pixels = dicom_pixels(dataset, coding, header);
  if (header.grey) {
    picture = grey_picture(pixels, {header.bits_stored, header.high_bit, header.is_signed}, transform,
                           header.negative, options.windows);
  } else {
    picture.image = pixels;
    picture.own_range = true;
  }
  picture.kind = kind_of(header, transform, header.grey && picture.own_range);
  picture.patient = patient_of(dataset);
  return picture;
}

}  // namespace dsx::data

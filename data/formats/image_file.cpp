// The table of formats: each is known by its first bytes, checked for damage, and only then decoded.
#include "data/formats/image_file.hpp"

#include <fmt/format.h>

#include <opencv2/imgcodecs.hpp>
#include <utility>

#include "data/formats/content.hpp"
#include "data/formats/exif.hpp"
#include "data/formats/image_check.hpp"
#include "data/formats/jpeg_file.hpp"
#include "data/formats/opencv_image.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool is_wanted(const PictureOptions& options, const std::string& kind) {
  return !options.wanted || options.wanted(kind);
}

int flags_of(bool grey) { return cv::IMREAD_ANYDEPTH | (grey ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR); }

// 8 bits from 0 to 255, or 16.
Picture whole_range(cv::Mat image, std::string kind) {
  Picture picture;
  if (image.depth() != CV_8U && image.depth() != CV_16U)
    throw DataError("pixels are neither 8-bit nor 16-bit integers");
  picture.range.white = image.depth() == CV_8U ? 255 : 65535;
  picture.image = std::move(image);
  picture.kind = std::move(kind);
  return picture;
}

Picture jpeg_picture(Bytes bytes, const PictureOptions& options) {
  if (!is_wanted(options, "JPEG8")) return {};
  return whole_range(decode_jpeg(bytes, options.grey), "JPEG8");
}

Picture png_picture(Bytes bytes, const PictureOptions& options) {
  check_png(bytes);
  constexpr std::size_t kDepth = 24;  // in IHDR; fewer than 8 bits are widened by the decoder
  const char* kind = bytes[kDepth] == 16 ? "PNG16" : "PNG8";
  if (!is_wanted(options, kind)) return {};
  return whole_range(decode_opencv(bytes, flags_of(options.grey)), kind);
}

Picture bmp_picture(Bytes bytes, const PictureOptions& options) {
  check_bmp(bytes);
  if (!is_wanted(options, "BMP8")) return {};
  return whole_range(decode_opencv(bytes, flags_of(options.grey)), "BMP8");
}

Picture webp_picture(Bytes bytes, const PictureOptions& options) {
  check_webp(bytes);
  if (!is_wanted(options, "WebP8")) return {};
  return whole_range(turned(decode_opencv(bytes, flags_of(options.grey)), webp_orientation(bytes)), "WebP8");
}

// OpenCV turns them as their tag says, and 8-bit ones whose 0 is white into positives, but no others.
Picture tiff_picture(Bytes bytes, const PictureOptions& options) {
  const TiffFacts facts = check_tiff(bytes);
  Picture picture;
  picture.kind = fmt::format("TIFF{}{}", facts.bits,
                             facts.sample_format == TiffFacts::kSigned  ? "-signed"
                             : facts.sample_format == TiffFacts::kFloat ? "-float"
                                                                        : "");
  if (facts.more_pages) picture.note = "a TIFF file of several pages, of which the first is taken";
  if (!is_wanted(options, picture.kind)) return {};
  picture.image = decode_opencv(bytes, flags_of(options.grey || facts.samples == 1));
  switch (picture.image.depth()) {
    case CV_8U:
      picture.range.white = 255;
      return picture;  // OpenCV has turned it
    case CV_16U:       // 10, 12 and 14 bits are decoded into the upper ones
      picture.range.white = 65535;
      if (facts.bits == 10 || facts.bits == 12 || facts.bits == 14) {
        picture.range.white = (1 << facts.bits) - 1;
        picture.image.convertTo(picture.image, CV_16U, 1.0 / (1 << (16 - facts.bits)));
      }
      break;
    case CV_16S:
      picture.range = {-32768, 32767};
      break;
    case CV_32F:
    case CV_64F:
      picture.range = {0, 1};
      check_fractions(picture.image, options.windows);
      break;
    default:
      throw DataError("a TIFF file of a number type that is not read");
  }
  if (facts.white_is_zero) std::swap(picture.range.black, picture.range.white);
  return picture;
}

struct ImageFormat {
  FileKind kind;
  Picture (*decode)(Bytes, const PictureOptions&);
};
constexpr ImageFormat kImageFormats[] = {{FileKind::jpeg, jpeg_picture}, {FileKind::png, png_picture},
                                         {FileKind::tiff, tiff_picture}, {FileKind::bmp, bmp_picture},
                                         {FileKind::webp, webp_picture}, {FileKind::dicom, decode_dicom}};

}  // namespace

Picture decode_picture(Bytes bytes, const PictureOptions& options) {
  const FileKind kind = file_kind_of(bytes);
  for (const ImageFormat& format : kImageFormats)
    if (format.kind == kind) return format.decode(bytes, options);
  throw DataError(why_no_image(bytes));
}

PictureOptions picture_options(const DecodeOptions& options) {
  return {options.channels == 1, options.intensity.rule != IntensityOptions::Rule::given, {}};
}

ImageFacts decode_image(Bytes bytes, const DecodeOptions& options, std::span<std::uint8_t> chw) {
  return fit_image(decode_picture(bytes, picture_options(options)), options, chw);
}

}  // namespace dsx::data

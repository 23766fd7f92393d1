// CMYK is made RGB here: libjpeg leaves that to its callers.
#include "data/formats/jpeg_file.hpp"

#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <opencv2/imgproc.hpp>

#include "data/formats/exif.hpp"
#include "data/formats/fit_image.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

// libjpeg's error manager plus where to jump; it is C, so errors leave it by longjmp.
struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;
  bool damaged;
};

[[noreturn]] void jpeg_exit(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  errors->base.format_message(info, errors->message.data());
  std::longjmp(errors->escape, 1);
}

// Warnings that mean lost pixels; others (extra bytes, odd markers) leave the image whole.
void jpeg_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  switch (errors->base.msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_BOGUS_PROGRESSION:
      if (!errors->damaged) errors->base.format_message(info, errors->message.data());
      errors->damaged = true;
      break;
    default:
      break;
  }
}

struct JpegDecoder {
  JpegErrors errors{};
  jpeg_decompress_struct info{};
  JpegDecoder() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jpeg_exit;
    errors.base.emit_message = jpeg_message;
    errors.base.output_message = [](j_common_ptr) {};
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
};

// Of the first APP1 block that is EXIF; other programs' blocks (XMP) may stand before it.
int orientation_of(const jpeg_decompress_struct& info) {
  constexpr std::size_t kName = 6;  // "Exif" and two zeros
  for (jpeg_saved_marker_ptr marker = info.marker_list; marker != nullptr; marker = marker->next)
    if (marker->data_length > kName && std::memcmp(marker->data, "Exif\0\0", kName) == 0)
      return exif_orientation({marker->data + kName, marker->data_length - kName});
  return 1;
}

// Adobe's programs store how much of each ink is missing, others how much there is.
cv::Mat without_inks(const cv::Mat& cmyk, bool inverted, bool grey) {
  cv::Mat rgb(cmyk.rows, cmyk.cols, CV_8UC3);
  for (int r = 0; r < cmyk.rows; ++r)
    for (int c = 0; c < cmyk.cols; ++c) {
      const auto& ink = cmyk.at<cv::Vec4b>(r, c);
      for (int i = 0; i < 3; ++i) {
        const int light = inverted ? ink[i] * ink[3] : (255 - ink[i]) * (255 - ink[3]);
        rgb.at<cv::Vec3b>(r, c)[i] = static_cast<std::uint8_t>((light + 127) / 255);
      }
    }
  if (grey) cv::cvtColor(rgb, rgb, cv::COLOR_RGB2GRAY);
  return rgb;
}

// Nothing with a destructor is made between setjmp and the calls that may jump back to it. False: decoded,
// but as CMYK.
bool read_jpeg(JpegDecoder& jpeg, std::span<const std::uint8_t> bytes, bool grey, cv::Mat& image,
               int& orientation) {
  if (setjmp(jpeg.errors.escape) != 0)
    throw DataError(fmt::format("damaged JPEG: {}", jpeg.errors.message.data()));
  jpeg_decompress_struct& info = jpeg.info;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&info, TRUE);
  const bool ours = info.num_components != 4;  // inks need twice the memory
  if (std::uint64_t{info.image_width} * info.image_height > (ours ? kMaxPixels : kMaxPixels / 2))
    throw DataError("JPEG of too many pixels");
  orientation = orientation_of(info);
  info.out_color_space = !ours ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
  image.create(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
               CV_8UC(info.output_components));
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image.ptr<std::uint8_t>(static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  if (jpeg.errors.damaged) throw DataError(fmt::format("damaged JPEG: {}", jpeg.errors.message.data()));
  return ours;
}

}  // namespace

cv::Mat decode_jpeg(std::span<const std::uint8_t> bytes, bool grey) {
  JpegDecoder jpeg;
  cv::Mat image;
  int orientation = 1;
  if (!read_jpeg(jpeg, bytes, grey, image, orientation))
    image = without_inks(image, jpeg.info.saw_Adobe_marker != 0, grey);
  return turned(image, orientation);
}

}  // namespace dsx::data

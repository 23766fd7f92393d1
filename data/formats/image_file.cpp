// Decoding. JPEGs go through libjpeg itself, whose warnings are the only sign of truncated or damaged data;
// PNG and TIFF through OpenCV after a check of their structure.
#include "data/formats/image_file.hpp"

#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <streambuf>
#include <utility>

#include "data/formats/dicom.hpp"
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

// A file's first APP1 marker is its EXIF block, if it has one; only that may turn the image.
bool has_exif(const jpeg_decompress_struct& info) {
  const jpeg_saved_marker_ptr marker = info.marker_list;
  return marker != nullptr && marker->data_length >= 4 && std::memcmp(marker->data, "Exif", 4) == 0;
}

// Nothing with a destructor is made between setjmp and the calls that may jump back to it. False: decoded,
// but OpenCV has to do it again (EXIF orientation, CMYK).
bool read_jpeg(JpegDecoder& jpeg, std::span<const std::uint8_t> bytes, bool grey, cv::Mat& image) {
  if (setjmp(jpeg.errors.escape) != 0)
    throw DataError(fmt::format("damaged JPEG: {}", jpeg.errors.message.data()));
  jpeg_decompress_struct& info = jpeg.info;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_save_markers(&info, JPEG_APP0 + 1, 64);
  jpeg_read_header(&info, TRUE);
  if (std::uint64_t{info.image_width} * info.image_height > kMaxPixels)
    throw DataError("JPEG of too many pixels");
  const bool ours = info.num_components != 4 && !has_exif(info);
  if (info.num_components != 4) info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
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

// std::cerr's buffer, deaf to the threads that ask for it: OpenCV's decoders write there about damaged files,
// whatever its log level. All other threads' output passes through.
class MutableBuffer : public std::streambuf {
 public:
  explicit MutableBuffer(std::streambuf* target) : target_(target) {}
  static bool& muted() {
    thread_local bool value = false;
    return value;
  }

 protected:
  int_type overflow(int_type c) override {
    if (muted() || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return target_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    return muted() ? count : target_->sputn(text, count);
  }
  int sync() override { return muted() ? 0 : target_->pubsync(); }

 private:
  std::streambuf* target_;
};

struct SilenceOpenCv {
  SilenceOpenCv() {
    static const bool installed = [] {
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
      cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
      // Never taken down again: threads may still be writing when statics are destroyed.
      std::cerr.rdbuf(new MutableBuffer(std::cerr.rdbuf()));
      return true;
    }();
    static_cast<void>(installed);
    MutableBuffer::muted() = true;
  }
  ~SilenceOpenCv() { MutableBuffer::muted() = false; }
  SilenceOpenCv(const SilenceOpenCv&) = delete;
  SilenceOpenCv& operator=(const SilenceOpenCv&) = delete;
};

cv::Mat decode_opencv(std::span<const std::uint8_t> bytes, int flags) {
  const SilenceOpenCv silence;
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::uint8_t*>(bytes.data()));
  cv::Mat image;
  try {
    image = cv::imdecode(encoded, flags);
  } catch (const cv::Exception&) {
  }
  if (image.empty()) throw DataError("damaged image data, or a kind that OpenCV cannot decode");
  return image;
}

cv::Mat decode_opencv(std::span<const std::uint8_t> bytes, bool grey) {
  cv::Mat image =
      decode_opencv(bytes, cv::IMREAD_ANYDEPTH | (grey ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR));
  if (!grey) cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
  return image;
}

cv::Mat decode_any(std::span<const std::uint8_t> bytes, bool grey, std::string* patient) {
  if (bytes.empty()) throw DataError("empty file");
  const auto starts_with = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (starts_with("\xFF\xD8\xFF")) {
    JpegDecoder jpeg;
    cv::Mat image;
    return read_jpeg(jpeg, bytes, grey, image) ? image : decode_opencv(bytes, grey);
  }
  if (starts_with("\x89PNG\r\n\x1A\n")) {
    check_png(bytes);
    return decode_opencv(bytes, grey);
  }
  if (starts_with(std::string_view("II*\0", 4)) || starts_with(std::string_view("MM\0*", 4))) {
    check_tiff(bytes);
    return decode_opencv(bytes, grey);
  }
  if (is_dicom(bytes)) {
    DicomImageData dicom = decode_dicom(bytes);
    if (patient != nullptr) *patient = dicom.patient;
    return dicom.image;
  }
  throw DataError("not a JPEG, PNG, TIFF or DICOM file");
}

}  // namespace

bool is_image_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* known : {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".dcm", ".dicom"})
    if (extension == known) return true;
  return false;
}

cv::Mat decode_with_opencv(std::span<const std::uint8_t> bytes) {
  return decode_opencv(bytes, cv::IMREAD_UNCHANGED);
}

SourceSize decode_image(std::span<const std::uint8_t> bytes, const DecodeOptions& options,
                        std::span<std::uint8_t> chw, std::string* patient) {
  cv::Mat image = decode_any(bytes, options.channels == 1, patient);
  return fit_image(std::move(image), options, chw);
}

}  // namespace dsx::data

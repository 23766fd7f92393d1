// What is read of any file before a decoder sees it: its kind, what else it may be, its structure, which way
// up it is. JPEG is decoded (libjpeg, Debian's own and not instrumented); what OpenCV decodes is not.
#include <opencv2/imgcodecs.hpp>

#include "data/formats/content.hpp"
#include "data/formats/exif.hpp"
#include "data/formats/image_check.hpp"
#include "data/formats/image_colour.hpp"
#include "data/formats/jpeg_file.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;

void read(std::span<const std::uint8_t> bytes) {
  const FileKind kind = file_kind_of(bytes);
  if (why_no_image(bytes).empty()) std::abort();
  is_colour_image(bytes);
  const int turns[] = {bytes.size() > 8 ? exif_orientation(bytes) : 1, webp_orientation(bytes)};
  for (const int turn : turns)
    if (turn < 1 || turn > 8) std::abort();
  switch (kind) {
    case FileKind::png:
      return check_png(bytes);
    case FileKind::tiff:
      check_tiff(bytes);
      return;
    case FileKind::bmp:
      return check_bmp(bytes);
    case FileKind::webp:
      return check_webp(bytes);
    case FileKind::jpeg:
      decode_jpeg(bytes, bytes.back() % 2 == 0);
      return;
    default:
      return;
  }
}

std::vector<Bytes> seeds() {
  cv::Mat image(16, 18, CV_8UC3);
  cv::randu(image, 0, 255);
  std::vector<Bytes> all;
  for (const char* kind : {".jpg", ".png", ".tif", ".bmp", ".webp"})
    cv::imencode(kind, image, all.emplace_back());
  // EXIF as a file of its own, in a JPEG behind another block, and in WebP.
  const std::string exif("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);
  all.emplace_back(exif.begin(), exif.end());
  Bytes turned = {0xFF, 0xD8, 0xFF, 0xE1, 0,   6,   'x', 'm', 'p', 0,
                  0xFF, 0xE1, 0,    34,   'E', 'x', 'i', 'f', 0,   0};
  turned.insert(turned.end(), exif.begin(), exif.end());
  turned.insert(turned.end(), all[0].begin() + 2, all[0].end());
  all.push_back(turned);
  const std::string chunk("EXIF\x1A\0\0\0", 8);
  Bytes webp = all[4];
  webp.insert(webp.end(), chunk.begin(), chunk.end());
  webp.insert(webp.end(), exif.begin(), exif.end());
  all.push_back(webp);
  for (const std::string& text : {std::string("<!DOCTYPE html>"), std::string("version https://git-lfs"),
                                  std::string("{\"weight_map\": {}}"), std::string(300, 'a') + "ustar",
                                  std::string("\x10\0\0\0\0\0\0\0{\"a\": 1}", 16)})
    all.emplace_back(text.begin(), text.end());
  return all;
}

}  // namespace dsx::fuzz

// Inputs as the field has them, small: one picture in many files, sets in the namings of public ones, arrays.
// The generator behind field_inputs_test.cpp; nothing here comes from anywhere else.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/data/make_dicom.hpp"

namespace dsx::field {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

// 8 bits, 64 x 64: brighter below and to the right, both ends of the range used, a bright spot where `ill`.
inline cv::Mat picture(int seed, bool ill = false) {
  cv::RNG random(static_cast<std::uint64_t>(seed) + 1);
  cv::Mat image(64, 64, CV_8U);
  const double shift = random.gaussian(6);
  for (int r = 0; r < 64; ++r)
    for (int c = 0; c < 64; ++c) {
      double value = 50 + 110 * r / 63. + 50 * c / 63. + random.gaussian(5) + shift;
      if (ill) value += 70 * std::exp(-((c - 19.) * (c - 19.) + (r - 38.) * (r - 38.)) / 40);
      image.at<std::uint8_t>(r, c) = static_cast<std::uint8_t>(std::min(254., std::max(1., value)));
    }
  image.at<std::uint8_t>(0, 0) = 0;
  image.at<std::uint8_t>(0, 63) = 255;
  return image;
}

inline void put(const fs::path& path, const Bytes& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
inline void put(const fs::path& path, const std::string& text) { put(path, Bytes(text.begin(), text.end())); }

inline Bytes encoded(const cv::Mat& image, const char* extension, const std::vector<int>& options = {}) {
  Bytes bytes;
  if (!cv::imencode(extension, image, bytes, options)) throw std::runtime_error(extension);
  return bytes;
}

// In `name(label, i)`, `count` of each class; the second class is ill.
inline void put_classes(const std::function<fs::path(int label, int i)>& name, int count,
                        const std::function<Bytes(const cv::Mat&)>& encode) {
  for (int label = 0; label < 2; ++label)
    for (int i = 0; i < count; ++i) put(name(label, i), encode(picture(100 * label + i, label == 1)));
}

inline Bytes png(const cv::Mat& image) { return encoded(image, ".png"); }

inline cv::Mat wide(const cv::Mat& image, double factor) {
  cv::Mat result;
  image.convertTo(result, CV_16U, factor);
  return result;
}

// A little-endian TIFF of 16 bits whose 0 is white, in one strip.
inline Bytes tiff_zero_is_white(const cv::Mat& image) {
  Bytes bytes = {'I', 'I', 42, 0};
  const auto number = [&](unsigned value, int width) {
    for (int i = 0; i < width; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  const auto strip = static_cast<unsigned>(2 * image.total());
  number(8 + strip, 4);
  for (auto at = image.begin<std::uint8_t>(); at != image.end<std::uint8_t>(); ++at)
    number(65535U - 257U * *at, 2);
  const unsigned entries[][2] = {{256, 64}, {257, 64}, {258, 16}, {259, 1},    {262, 0},
                                 {273, 8},  {277, 1},  {278, 64}, {279, strip}};
  number(std::size(entries), 2);
  for (const auto& [tag, value] : entries) {
    number(tag, 2);
    number(3, 2);
    number(1, 4);
    number(value, 4);
  }
  number(0, 4);
  return bytes;
}

// Lying on its side, and told to be turned by an EXIF block behind another program's.
inline Bytes jpeg_turned_behind_xmp(const cv::Mat& image) {
  cv::Mat side;
  cv::rotate(image, side, cv::ROTATE_90_COUNTERCLOCKWISE);
  const Bytes jpeg = encoded(side, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 99});
  const std::string xmp("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>", 41);
  const std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 32);
  Bytes bytes = {0xFF, 0xD8};
  for (const std::string& block : {xmp, exif}) {
    bytes.insert(bytes.end(), {0xFF, 0xE1, 0, static_cast<std::uint8_t>(block.size() + 2)});
    bytes.insert(bytes.end(), block.begin(), block.end());
  }
  bytes.insert(bytes.end(), jpeg.begin() + 2, jpeg.end());
  return bytes;
}

// From the first element of the data set on, as old devices write.
inline Bytes without_head(const Bytes& dicom) {
  std::uint32_t meta = 0;  // bytes behind (0002,0000), whose value is its length
  std::memcpy(&meta, &dicom[140], 4);
  return {dicom.begin() + 144 + meta, dicom.end()};
}

inline Bytes without_transfer_syntax(Bytes bytes) {
  const Bytes tag = {2, 0, 0x10, 0, 'U', 'I'};
  const auto at = std::search(bytes.begin(), bytes.end(), tag.begin(), tag.end());
  const int size = 8 + at[6] + 256 * at[7];
  std::uint32_t meta = 0;
  std::memcpy(&meta, &bytes[140], 4);
  meta -= static_cast<std::uint32_t>(size);
  std::memcpy(&bytes[140], &meta, 4);
  bytes.erase(at, at + size);
  return bytes;
}

// Uncompressed luma with neutral chroma, one of two pixels.
inline Bytes half_chroma_dicom(const cv::Mat& image) {
  cv::Mat rgb;
  cv::cvtColor(image, rgb, cv::COLOR_GRAY2RGB);
  test::DicomForm form{EXS_LittleEndianExplicit, "YBR_FULL_422", 8};
  form.more = [&image](DcmDataset& data) {
    Bytes bytes;
    for (std::size_t i = 0; i < image.total(); i += 2)
      bytes.insert(bytes.end(), {image.data[i], image.data[i + 1], 128, 128});
    test::check(data.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size()));
  };
  return test::make_dicom(rgb, form);
}

// One picture in every file below: name and bytes.
inline std::vector<std::pair<std::string, Bytes>> same_picture() {
  const cv::Mat image = picture(1), twelve = wide(image, 4095. / 255);
  const auto dicom = [](const cv::Mat& pixels, int bits,
                        std::vector<std::pair<DcmTagKey, std::string>> texts = {}) {
    return test::make_dicom(pixels, {EXS_LittleEndianExplicit, "MONOCHROME2", bits, std::move(texts)});
  };
  Bytes tiff_preamble = dicom(twelve, 12);
  std::memcpy(tiff_preamble.data(), "II*\0\x54\x18\x08\0", 8);
  test::DicomForm in_boxes{EXS_JPEG2000LosslessOnly, "MONOCHROME2", 8};
  in_boxes.in_boxes = true;
  test::DicomForm eight_in_sixteen{EXS_JPEG2000LosslessOnly, "MONOCHROME2", 8};
  eight_in_sixteen.bits_allocated = 16;
  return {{"control.png", png(image)},
          {"sixteen_bits_white_is_zero.tif", tiff_zero_is_white(image)},
          {"turned_behind_xmp.jpg", jpeg_turned_behind_xmp(image)},
          {"twelve_bits.dcm", dicom(twelve, 12)},
          {"twelve_bits_in_sixteen.dcm", dicom(twelve, 16)},
          {"small_slope.dcm", dicom(twelve, 12,
                                    {{DCM_RescaleSlope, "0.001"},
                                     {DCM_RescaleIntercept, "0"},
                                     {DCM_WindowCenter, "2.0475"},
                                     {DCM_WindowWidth, "4.095"},
                                     {DCM_VOILUTFunction, "LINEAR_EXACT"}})},
          {"width_below_1.dcm", dicom(twelve, 12,
                                      {{DCM_RescaleSlope, "0.00025"},
                                       {DCM_RescaleIntercept, "0"},
                                       {DCM_WindowCenter, "0.512"},
                                       {DCM_WindowWidth, "0.99"}})},
          {"tiff_in_preamble.dcm", tiff_preamble},
          {"no_preamble.dcm",
           without_head(test::make_dicom(twelve, {EXS_LittleEndianImplicit, "MONOCHROME2", 12}))},
          {"no_transfer_syntax.dcm", without_transfer_syntax(dicom(twelve, 12))},
          {"jpeg2000_in_boxes.dcm", test::make_dicom(image, in_boxes)},
          {"jpeg2000_8_in_16.dcm", test::make_dicom(image, eight_in_sixteen)},
          {"half_chroma.dcm", half_chroma_dicom(image)}};
}

}  // namespace dsx::field

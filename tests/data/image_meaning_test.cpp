// What a file says of its pixels beside them (0 is white, which way up, how many bits) holds whatever the bit
// depth and wherever it stands; and what is no image says what it is.
#include <gmock/gmock.h>
#include <jpeglib.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "data/formats/content.hpp"
#include "data/formats/exif.hpp"
#include "data/formats/image_file.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/import.hpp"
#include "data/sources/value_ranges.hpp"
#include "kernels/base/error.hpp"
#include "make_dicom.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::Contains;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, unsigned value, int width) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// A little-endian TIFF of one strip.
Bytes tiff(const cv::Mat& image, int bits, const Bytes& strip, unsigned photometric) {
  Bytes bytes = {'I', 'I', 42, 0};
  put(bytes, 8 + static_cast<unsigned>(strip.size()), 4);
  bytes.insert(bytes.end(), strip.begin(), strip.end());
  const unsigned entries[][2] = {{256, static_cast<unsigned>(image.cols)},
                                 {257, static_cast<unsigned>(image.rows)},
                                 {258, static_cast<unsigned>(bits)},
                                 {259, 1},
                                 {262, photometric},
                                 {273, 8},
                                 {277, 1},
                                 {278, static_cast<unsigned>(image.rows)},
                                 {279, static_cast<unsigned>(strip.size())}};
  put(bytes, std::size(entries), 2);
  for (const auto& [tag, value] : entries) {
    put(bytes, tag, 2);
    put(bytes, 3, 2);
    put(bytes, 1, 4);
    put(bytes, value, 4);
  }
  put(bytes, 0, 4);
  return bytes;
}

// The picture's values as numbers of so many bits, or their complement.
Bytes strip_of(const cv::Mat& image, int bits, bool negative) {
  Bytes strip;
  unsigned most = (1U << bits) - 1, waiting = 0, count = 0;
  for (auto at = image.begin<std::uint8_t>(); at != image.end<std::uint8_t>(); ++at) {
    const unsigned value = bits == 8 ? *at : bits == 16 ? *at * 257U : *at * 16U + *at / 16U;
    const unsigned stored = negative ? most - value : value;
    if (bits == 12) {  // most significant bits first, across bytes
      waiting = waiting << 12 | stored;
      if (++count % 2 == 0) {
        for (const int shift : {16, 8, 0}) strip.push_back(static_cast<std::uint8_t>(waiting >> shift));
        waiting = 0;
      }
    } else {
      put(strip, stored, bits / 8);
    }
  }
  return strip;
}

TEST(TiffMeaning, ZeroIsWhiteAtEveryBitDepth) {
  const cv::Mat image = test::picture(16, 16, 30);
  for (const int bits : {8, 12, 16})
    for (const bool negative : {false, true}) {
      Bytes pixels(256);
      data::decode_image(tiff(image, bits, strip_of(image, bits, negative), negative ? 0 : 1), {16, 1},
                         pixels);
      EXPECT_LE(cv::norm(cv::Mat(16, 16, CV_8U, pixels.data()), image, cv::NORM_INF), bits == 12 ? 1 : 0)
          << bits << (negative ? " white is 0" : "");
    }
}

Bytes segment(std::uint8_t marker, const Bytes& contents) {
  Bytes bytes = {0xFF, marker, static_cast<std::uint8_t>((contents.size() + 2) >> 8),
                 static_cast<std::uint8_t>((contents.size() + 2) & 0xFF)};
  bytes.insert(bytes.end(), contents.begin(), contents.end());
  return bytes;
}

Bytes exif(std::uint8_t orientation) {
  return {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42,          0, 0, 0, 8, 0, 1,
          1,   18,  0,   3,   0, 0, 0,   1,   0, orientation, 0, 0, 0, 0, 0, 0};
}

cv::Mat decoded_picture(const Bytes& bytes) { return data::decode_picture(bytes, {}).image; }

TEST(JpegMeaning, TheExifBlockTurnsTheImageWhereverItStands) {
  cv::Mat image = test::picture(24, 32, 30);
  cv::rectangle(image, {2, 2}, {8, 12}, 220, cv::FILLED);  // in one corner
  Bytes jpeg;
  cv::imencode(".jpg", image, jpeg, {cv::IMWRITE_JPEG_QUALITY, 98});
  const cv::Mat straight = decoded_picture(jpeg);
  const Bytes others[] = {{'h', 't', 't', 'p', ':', '/', '/', 'n', 's', 0, '<', 'x', '/', '>'},
                          {'o', 't', 'h', 'e', 'r'}};
  for (std::uint8_t orientation = 1; orientation <= 8; ++orientation)
    for (int before = 0; before <= 2; ++before) {
      Bytes bytes = {0xFF, 0xD8};
      for (int i = 0; i < before; ++i) {
        const Bytes other = segment(0xE1, others[i]);
        bytes.insert(bytes.end(), other.begin(), other.end());
      }
      const Bytes block = segment(0xE1, exif(orientation));
      bytes.insert(bytes.end(), block.begin(), block.end());
      bytes.insert(bytes.end(), jpeg.begin() + 2, jpeg.end());
      const cv::Mat turned = decoded_picture(bytes);
      EXPECT_EQ(turned.rows, orientation > 4 ? 32 : 24);
      // OpenCV itself, which honours the block where it is the first, is the reference.
      if (before == 0) {
        const cv::Mat reference = cv::imdecode(bytes, cv::IMREAD_GRAYSCALE);
        EXPECT_EQ(cv::norm(turned, reference, cv::NORM_INF), 0) << int{orientation};
      }
      const bool top = orientation == 1 || orientation == 2 || orientation == 5 || orientation == 6;
      EXPECT_EQ(
          cv::mean(turned.rowRange(0, 10))[0] > cv::mean(turned.rowRange(turned.rows - 10, turned.rows))[0],
          top)
          << int{orientation} << ' ' << before;
    }
  EXPECT_EQ(straight.rows, 24);
}

TEST(WebpMeaning, TheExifChunkTurnsTheImageWhereverItStands) {
  cv::Mat image = test::picture(24, 32, 30);
  cv::rectangle(image, {2, 2}, {8, 12}, 220, cv::FILLED);
  Bytes webp;
  cv::imencode(".webp", image, webp, {cv::IMWRITE_WEBP_QUALITY, 101});
  const cv::Mat straight = decoded_picture(webp);
  const Bytes block = exif(6);
  for (const bool named : {false, true})
    for (const bool before : {false, true}) {
      Bytes chunk = {'E', 'X', 'I', 'F'};
      put(chunk, static_cast<unsigned>(named ? block.size() : block.size() - 6), 4);
      chunk.insert(chunk.end(), block.begin() + (named ? 0 : 6), block.end());
      Bytes bytes(webp.begin(), webp.begin() + 12);
      // With metadata a file begins with a chunk that says so (the container's VP8X).
      const Bytes extended = {'V', 'P', '8', 'X', 10, 0, 0, 0, 8, 0, 0, 0, 31, 0, 0, 23, 0, 0};
      bytes.insert(bytes.end(), extended.begin(), extended.end());
      if (before) bytes.insert(bytes.end(), chunk.begin(), chunk.end());
      bytes.insert(bytes.end(), webp.begin() + 12, webp.end());
      if (!before) bytes.insert(bytes.end(), chunk.begin(), chunk.end());
      for (int i = 0; i < 4; ++i)
        bytes[static_cast<std::size_t>(4 + i)] = static_cast<std::uint8_t>((bytes.size() - 8) >> (8 * i));
      if (before) {  // libwebp reads no image behind other chunks: only the orientation is looked at
        EXPECT_EQ(data::webp_orientation(bytes), 6);
        continue;
      }
      cv::Mat expected;
      cv::rotate(straight, expected, cv::ROTATE_90_CLOCKWISE);
      EXPECT_EQ(cv::norm(decoded_picture(bytes), expected, cv::NORM_INF), 0);
    }
  EXPECT_EQ(data::webp_orientation(Bytes(webp.begin(), webp.begin() + 12)), 1);
}

// CMYK as Adobe's programs store it, inks inverted, and as others do.
Bytes cmyk_jpeg(const cv::Mat& grey, bool adobe) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = static_cast<JDIMENSION>(grey.cols);
  info.image_height = static_cast<JDIMENSION>(grey.rows);
  info.input_components = 4;
  info.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  info.write_Adobe_marker = adobe ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  for (int r = 0; r < grey.rows; ++r) {
    Bytes row;
    for (int c = 0; c < grey.cols; ++c) {
      const auto light = grey.at<std::uint8_t>(r, c);
      for (int i = 0; i < 3; ++i) row.push_back(adobe ? light : static_cast<std::uint8_t>(255 - light));
      row.push_back(adobe ? 255 : 0);
    }
    JSAMPROW line = row.data();
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  Bytes bytes(out, out + size);
  jpeg_destroy_compress(&info);
  std::free(out);
  return bytes;
}

TEST(JpegMeaning, InksGiveTheirGreyBack) {
  const cv::Mat image = test::picture(24, 32, 30);
  for (const bool adobe : {false, true})
    EXPECT_LE(cv::norm(decoded_picture(cmyk_jpeg(image, adobe)), image, cv::NORM_INF), 1) << adobe;
}

TEST(TiffMeaning, FurtherPagesAreSaidAndOtherKindsNamed) {
  const cv::Mat image = test::picture(16, 16, 30);
  Bytes bytes = tiff(image, 8, strip_of(image, 8, false), 1);
  EXPECT_EQ(data::decode_picture(bytes, {}).note, "");
  bytes[bytes.size() - 4] = 8;  // where the next directory would be
  EXPECT_THAT(data::decode_picture(bytes, {}).note, HasSubstr("several pages, of which the first is taken"));
  bytes[2] = 43;
  EXPECT_THAT(message_of<DataError>([&] { data::decode_picture(bytes, {}); }), HasSubstr("a BigTIFF file"));
}

TEST(TiffMeaning, FloatsAreFromZeroToOneOrNeedARange) {
  cv::Mat image;
  test::picture(16, 16, 30).convertTo(image, CV_32F, 1.0 / 255);
  const auto encoded = [](const cv::Mat& floats) {
    Bytes bytes;
    cv::imencode(".tif", floats, bytes);
    return bytes;
  };
  Bytes pixels(256);
  data::decode_image(encoded(image), {16, 1}, pixels);
  EXPECT_LE(cv::norm(cv::Mat(16, 16, CV_8U, pixels.data()), test::picture(16, 16, 30), cv::NORM_INF), 1);
  EXPECT_THAT(message_of<DataError>([&] { data::decode_picture(encoded(image * 255), {}); }),
              HasSubstr("--intensity-range LOW,HIGH"));
  data::DecodeOptions given{16, 1};
  given.intensity = data::intensity_from_string("0,255");
  data::decode_image(encoded(image * 255), given, pixels);
  EXPECT_LE(cv::norm(cv::Mat(16, 16, CV_8U, pixels.data()), test::picture(16, 16, 30), cv::NORM_INF), 1);
  image.at<float>(3, 3) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message_of<DataError>([&] { data::decode_picture(encoded(image), {}); }),
              HasSubstr("not a number"));
}

TEST(Content, WhatIsNoImageSaysWhatItIs) {
  const auto why = [](const std::string& text) {
    return message_of<DataError>([&] { data::decode_picture(Bytes(text.begin(), text.end()), {}); });
  };
  EXPECT_THAT(why("\n<!DOCTYPE html><html>"), HasSubstr("an HTML page"));
  EXPECT_THAT(why("version https://git-lfs.github.com/spec/v1\noid"), HasSubstr("git lfs pull"));
  EXPECT_THAT(why(std::string(64, '\0')), HasSubstr("nothing but zeros"));
  EXPECT_THAT(why("GIF89a......"), HasSubstr("a GIF image"));
  EXPECT_THAT(why("{\"error\": 404}"), HasSubstr("a JSON file"));
  EXPECT_THAT(why(std::string("\0\5\x16\7\0\2\0\0", 8)), HasSubstr("a note of macOS"));
  EXPECT_THAT(why("BMI,age\n21,40\n"), HasSubstr("a text file (\"BMI,age\")"));
  EXPECT_THAT(why("404: Not Found"), HasSubstr("404: Not Found"));
  EXPECT_THAT(why("<?xml version='1.0'?><Error>"), HasSubstr("an XML file"));
  EXPECT_THAT(why("BZh91AY&SY"), HasSubstr("a bzip2 file"));
  EXPECT_THAT(why("MATLAB 5.0 MAT-file"), HasSubstr("a MATLAB file"));
  EXPECT_THAT(why(std::string("\x5c\1\0\0", 4) + std::string(400, 'n')), HasSubstr("a NIfTI image"));
  EXPECT_THAT(why(std::string(257, 'a') + "ustar" + std::string(200, 'a')), HasSubstr("a tar archive"));
  EXPECT_THAT(why(std::string("\0\0\0\x20", 4) + "ftypavif...."), HasSubstr("an AVIF image"));
  EXPECT_THAT(why("outs:\n- md5: a304afb9\n"), HasSubstr("dvc pull"));
  EXPECT_THAT(why("iVBORw0KGgoAAAANSUhEUg=="), HasSubstr("base64"));
  EXPECT_THAT(why("data:image/jpeg;base64,/9j/4AAQ"), HasSubstr("base64"));
  EXPECT_THAT(why("\x89PNG\n\x1A\n...."), HasSubstr("line endings"));
  EXPECT_THAT(why("\x89PNG\r\r\n\x1A\r\n"), HasSubstr("line endings"));
  EXPECT_THAT(why("\xEF\xBF\xBDPNG\r\n"), HasSubstr("as text"));
  EXPECT_THAT(why("P5\n2 2\n255\n...."), HasSubstr("a PGM image"));
  EXPECT_THAT(why("SIMPLE  =                    T"), HasSubstr("a FITS image"));
  EXPECT_THAT(why(std::string("\0\0\0\x20", 4) + "ftypisom...."), HasSubstr("a video"));
  EXPECT_THAT(why(std::string("{\0\0\0\0\0\0\0", 8) + "{\"a\":1}"), HasSubstr("a safetensors file"));
}

class OtherKinds : public ::testing::TestWithParam<const char*> {};

TEST_P(OtherKinds, AreReadAndTheirTruncationNoticed) {
  Bytes bytes;
  const cv::Mat image = test::picture(40, 40, 50);
  cv::imencode(GetParam(), image, bytes, {cv::IMWRITE_WEBP_QUALITY, 101});
  EXPECT_LE(cv::norm(decoded_picture(bytes), image, cv::NORM_INF), 1);
  for (std::size_t length = 0; length < bytes.size(); length += length < 64 ? 1 : 7)
    EXPECT_THROW(decoded_picture({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}),
                 DataError)
        << length;
}
INSTANTIATE_TEST_SUITE_P(Kinds, OtherKinds, ::testing::Values(".bmp", ".webp"));

class Ranges : public test::TempFolder {
 protected:
  // Four images of each class whose values are those of picture() times `factor`.
  void write_set(int factor, const std::string& extension = ".png") {
    for (int i = 0; i < 8; ++i) {
      cv::Mat wide;
      test::picture(20, 20, 20 * i).convertTo(wide, CV_16U, factor);
      test::write_image(folder_ / "set" / (i % 2 == 0 ? "A" : "B") / (std::to_string(i) + extension), wide);
    }
  }
  cv::Mat first_image(const std::string& range, std::vector<std::string>& notes) {
    data::ImportOptions options;
    options.decode = {20, 1};
    options.decode.intensity = data::intensity_from_string(range);
    notes = data::import_folder(data::scan_folder(folder_ / "set"), options, folder_ / "set.h5").notes;
    const data::Hdf5Dataset dataset(folder_ / "set.h5");
    intensity_ = dataset.intensity();
    cv::Mat image(20, 20, CV_8U);
    dataset.read(0, {image.data, image.total()});
    return image;
  }
  std::string intensity_;
};

TEST_F(Ranges, BitsThatNoImageUsesAreFoundStretchedAndSaid) {
  write_set(16);
  std::vector<std::string> notes;
  const cv::Mat image = first_image("auto", notes);
  EXPECT_LE(cv::norm(image, test::picture(20, 20, 0), cv::NORM_INF), 1);
  EXPECT_EQ(intensity_, "PNG16=0,4095");
  EXPECT_THAT(notes, Contains(HasSubstr("values of PNG16: 0 to 3152")));
  // Stored: nearly black, and said.
  EXPECT_LE(cv::norm(first_image("stored", notes), test::picture(20, 20, 0) / 16, cv::NORM_INF), 1);
  EXPECT_THAT(notes, Contains(HasSubstr("--intensity-range 0,")));
  // Given.
  EXPECT_LE(cv::norm(first_image("0,8160", notes), test::picture(20, 20, 0) / 2, cv::NORM_INF), 1);
  EXPECT_EQ(intensity_, "0,8160");
}

TEST_F(Ranges, SixteenBitsThatAreUsedStayWhole) {
  write_set(257, ".tif");
  std::vector<std::string> notes;
  EXPECT_LE(cv::norm(first_image("auto", notes), test::picture(20, 20, 0), cv::NORM_INF), 0);
  EXPECT_EQ(intensity_, "auto");
}

TEST_F(Ranges, EightBitsOfZeroAndOneAreBlackAndWhite) {
  for (int i = 0; i < 8; ++i)
    test::write_image(folder_ / "set" / (i % 2 == 0 ? "A" : "B") / (std::to_string(i) + ".png"),
                      test::picture(20, 20, 20 * i) / 100 > 0);
  for (const auto& entry : test::fs::recursive_directory_iterator(folder_ / "set"))
    if (entry.is_regular_file())
      test::write_image(entry.path(), cv::imread(entry.path().string(), cv::IMREAD_GRAYSCALE) / 255);
  std::vector<std::string> notes;
  first_image("auto", notes);
  EXPECT_EQ(intensity_, "PNG8=0,1");
}

// One image of 16 bits that are all used keeps its kind whole: the others come out nearly black.
TEST_F(Ranges, WhatComesOutNearlyBlackIsSaidWithAWayOut) {
  write_set(16);
  cv::Mat whole;
  test::picture(20, 20, 90).convertTo(whole, CV_16U, 257);
  whole.at<std::uint16_t>(0, 0) = 65535;  // burnt in
  test::write_image(folder_ / "set/B/whole.png", whole);
  std::vector<std::string> notes;
  first_image("auto", notes);
  EXPECT_EQ(intensity_, "auto");
  EXPECT_THAT(notes, Contains(::testing::AllOf(HasSubstr("a quarter of black to white, e.g. A/0.png"),
                                               HasSubstr("--intensity-range"))));
}

TEST_F(Ranges, MasksAmongImagesAreNamed) {
  write_set(257);
  test::write_image(folder_ / "set/A/outline.png", test::picture(20, 20, 90) > 120);
  std::vector<std::string> notes;
  first_image("auto", notes);
  EXPECT_THAT(notes, Contains(HasSubstr("only two values, as masks have: 1 image, e.g. A/outline.png")));
}

TEST_F(Ranges, FlatImagesAreNamed) {
  write_set(257);
  test::write_image(folder_ / "set/A/flat.png", cv::Mat(20, 20, CV_8U, cv::Scalar(7)));
  std::vector<std::string> notes;
  first_image("auto", notes);
  EXPECT_THAT(notes, Contains(HasSubstr("flat: every pixel has one value: 1 image, e.g. A/flat.png")));
}

}  // namespace
}  // namespace dsx

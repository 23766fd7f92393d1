// Decoding: pixels of every supported kind, and the refusal of every kind of damage.
#include "data/formats/image_file.hpp"

#include <gmock/gmock.h>

#include <random>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using test::picture;
using ::testing::HasSubstr;

std::vector<std::uint8_t> encoded(const std::string& extension, const cv::Mat& image) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(extension, image, bytes);
  return bytes;
}

std::vector<std::uint8_t> decoded(const std::vector<std::uint8_t>& bytes, data::DecodeOptions options) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(options.channels * options.size * options.size));
  data::decode_image(bytes, options, pixels);
  return pixels;
}

std::vector<std::uint8_t> values_of(const cv::Mat& image) {
  return {image.begin<std::uint8_t>(), image.end<std::uint8_t>()};
}

TEST(ImageFile, LosslessKindsKeepEveryPixel) {
  const cv::Mat image = picture(32, 32, 50);
  EXPECT_EQ(decoded(encoded(".png", image), {32, 1}), values_of(image));
  EXPECT_EQ(decoded(encoded(".tiff", image), {32, 1}), values_of(image));
}

TEST(ImageFile, JpegIsCloseToItsOriginal) {
  const cv::Mat image = picture(32, 32, 50);
  const auto expected = values_of(image), pixels = decoded(encoded(".jpg", image), {32, 1});
  for (std::size_t i = 0; i < pixels.size(); ++i) ASSERT_NEAR(pixels[i], expected[i], 3) << i;
}

TEST(ImageFile, SixteenBitsScaleByTheFullRange) {
  cv::Mat wide;
  picture(16, 16, 30).convertTo(wide, CV_16U, 257);
  EXPECT_EQ(decoded(encoded(".png", wide), {16, 1}), values_of(picture(16, 16, 30)));
  EXPECT_EQ(decoded(encoded(".tiff", wide), {16, 1}), values_of(picture(16, 16, 30)));
}

TEST(ImageFile, ColourBecomesPlanesInRgbOrderOrGreyLuma) {
  const cv::Mat image(8, 8, CV_8UC3, cv::Scalar(10, 20, 200));  // OpenCV's order: blue, green, red
  const auto rgb = decoded(encoded(".png", image), {8, 3});
  EXPECT_EQ(rgb[0], 200);
  EXPECT_EQ(rgb[64], 20);
  EXPECT_EQ(rgb[128], 10);
  EXPECT_NEAR(decoded(encoded(".png", image), {8, 1})[0], 0.299 * 200 + 0.587 * 20 + 0.114 * 10, 1);
  EXPECT_NEAR(decoded(encoded(".jpg", image), {8, 1})[0], 0.299 * 200 + 0.587 * 20 + 0.114 * 10, 2);
}

TEST(ImageFile, GreyFileGivesThreeEqualPlanes) {
  for (const char* extension : {".png", ".jpg"}) {
    const auto rgb = decoded(encoded(extension, picture(8, 8, 90)), {8, 3});
    EXPECT_TRUE(std::equal(rgb.begin(), rgb.begin() + 64, rgb.begin() + 64)) << extension;
    EXPECT_TRUE(std::equal(rgb.begin(), rgb.begin() + 64, rgb.begin() + 128)) << extension;
  }
}

TEST(ImageFile, AreaAveragesWhereBilinearAliases) {
  cv::Mat stripes(64, 64, CV_8U);  // one black, one white column: shrunk by 4, the truth is grey
  for (int c = 0; c < 64; ++c) stripes.col(c).setTo(c % 4 == 1 || c % 4 == 2 ? 255 : 0);
  const auto area = decoded(encoded(".png", stripes), {16, 1, data::Resize::area});
  const auto bilinear = decoded(encoded(".png", stripes), {16, 1, data::Resize::bilinear});
  EXPECT_NEAR(area[100], 127.5, 1);
  EXPECT_GT(bilinear[100], 200);
}

TEST(ImageFile, AreaEnlargesSmoothly) {
  cv::Mat steps(8, 8, CV_8U);
  for (int c = 0; c < 8; ++c) steps.col(c).setTo(c * 30);
  const auto large = decoded(encoded(".png", steps), {32, 1, data::Resize::area});
  EXPECT_EQ(large, decoded(encoded(".png", steps), {32, 1, data::Resize::bilinear}));
}

TEST(ImageFile, ReportsTheSizeBeforeTheResize) {
  std::vector<std::uint8_t> pixels(64);
  const data::SourceSize source =
      data::decode_image(encoded(".jpg", picture(20, 30, 9)), {8, 1}, pixels).source;
  EXPECT_EQ(source.height, 20);
  EXPECT_EQ(source.width, 30);
}

class Damage : public ::testing::TestWithParam<const char*> {};

// Every cut must be noticed: a decoder that fills the rest with grey would poison a study silently.
TEST_P(Damage, TruncationIsNoticedWhereverItIs) {
  const auto sound = encoded(GetParam(), picture(40, 40, 50));
  ::testing::internal::CaptureStderr();
  for (std::size_t length = 0; length < sound.size(); length += length < 64 ? 1 : 7) {
    const std::vector<std::uint8_t> cut(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(decoded(cut, {16, 1}), DataError) << "cut to " << length << " of " << sound.size();
  }
  EXPECT_THROW(decoded({sound.begin(), sound.end() - 1}, {16, 1}), DataError);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_P(Damage, RandomBytesNeverCrashOrPrint) {
  const auto sound = encoded(GetParam(), picture(40, 40, 50));
  const unsigned seed = 11;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ::testing::internal::CaptureStderr();
  for (int round = 0; round < 300; ++round) {
    auto bytes = sound;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    try {
      decoded(bytes, {16, 1});
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}
INSTANTIATE_TEST_SUITE_P(Kinds, Damage, ::testing::Values(".jpg", ".png", ".tiff"),
                         [](const auto& tested) { return std::string(tested.param + 1); });

TEST(ImageFile, SaysWhatIsWrong) {
  EXPECT_EQ(message_of<DataError>([] { decoded({}, {8, 1}); }), "empty file");
  EXPECT_THAT(message_of<DataError>([] {
                decoded({'G', 'I', 'F', '8', '9', 'a'}, {8, 1});
              }),
              HasSubstr("not a JPEG"));
  auto bytes = encoded(".png", picture(16, 16, 1));
  bytes[bytes.size() / 2] ^= 0x55;
  EXPECT_THAT(message_of<DataError>([&] { decoded(bytes, {8, 1}); }), HasSubstr("damaged PNG"));
}

TEST(ImageFile, RefusesAnImageTooLargeForMemoryByItsHeader) {
  auto bytes = encoded(".png", picture(16, 16, 1));
  bytes[16] = 0x7F;  // width in IHDR; the checksum would differ, so this is what a bomb's header costs us
  EXPECT_THROW(decoded(bytes, {8, 1}), DataError);
}

}  // namespace
}  // namespace dsx

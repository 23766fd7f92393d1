// DICOM's grey: the standard's formulas against hand-computed values, windows that show nothing, and files
// that begin or store pixels in unusual ways.
#include "data/formats/dicom_voi.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>

#include "data/formats/dicom.hpp"
#include "data/formats/fit_image.hpp"
#include "data/formats/image_file.hpp"
#include "kernels/base/error.hpp"
#include "make_dicom.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using data::VoiFunction;
using data::VoiWindow;
using test::make_dicom;
using test::message_of;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

TEST(VoiWindow, FollowsTheFormulasOfTheStandard) {
  const VoiWindow linear{2048, 4096, VoiFunction::linear};  // the standard's own example: 0 to 4095
  EXPECT_DOUBLE_EQ(linear.apply(0), 0);
  EXPECT_DOUBLE_EQ(linear.apply(4095), 1);
  EXPECT_NEAR(linear.apply(2047), (2047 - 2047.5) / 4095 + 0.5, 1e-12);
  const VoiWindow step{10, 1, VoiFunction::linear};
  EXPECT_DOUBLE_EQ(step.apply(9.5), 0);
  EXPECT_DOUBLE_EQ(step.apply(9.6), 1);
  const VoiWindow exact{0.3, 0.2, VoiFunction::linear_exact};
  EXPECT_NEAR(exact.apply(0.2), 0, 1e-12);
  EXPECT_NEAR(exact.apply(0.4), 1, 1e-12);
  EXPECT_NEAR(exact.apply(0.35), 0.75, 1e-12);
  const VoiWindow sigmoid{100, 40, VoiFunction::sigmoid};
  EXPECT_DOUBLE_EQ(sigmoid.apply(100), 0.5);
  EXPECT_NEAR(sigmoid.apply(120), 1 / (1 + std::exp(-2.0)), 1e-12);
  EXPECT_FALSE((VoiWindow{0.5, 0.5, VoiFunction::linear}.is_valid()));
  EXPECT_TRUE((VoiWindow{0.5, 0.5, VoiFunction::sigmoid}.is_valid()));
  EXPECT_FALSE((VoiWindow{1, 0, VoiFunction::linear_exact}.is_valid()));
}

TEST(StoredBits, AreTakenOutOfTheirWordAndSignExtended) {
  const data::StoredBits high{12, 15, false}, is_signed{10, 9, true};
  EXPECT_EQ(high.number(0xABC7), 0xABC);
  EXPECT_EQ(is_signed.number(0x3FF), -1);
  EXPECT_EQ(is_signed.number(0x200), -512);
  EXPECT_EQ(is_signed.number(0x1FF), 511);
}

cv::Mat ramp(int count, int factor) {
  cv::Mat image(4, count / 4, CV_16U);
  for (int i = 0; i < count; ++i)
    image.at<std::uint16_t>(i / image.cols, i % image.cols) = static_cast<std::uint16_t>(i * factor);
  return image;
}

std::size_t levels(const cv::Mat& shown) {
  std::vector<bool> seen(65536);
  for (auto at = shown.begin<std::uint16_t>(); at != shown.end<std::uint16_t>(); ++at) seen[*at] = true;
  return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
}

cv::Mat on_screen(const data::Picture& picture) { return data::with_range(picture.image, picture.range); }

Bytes with_texts(const cv::Mat& image, int bits, std::vector<std::pair<DcmTagKey, std::string>> texts) {
  return make_dicom(image, {EXS_LittleEndianExplicit, "MONOCHROME2", bits, std::move(texts)});
}

TEST(DicomVoi, SmallSlopesKeepEveryGreyLevel) {
  const cv::Mat image = ramp(1000, 4);
  const data::Picture picture = data::decode_dicom(with_texts(image, 12,
                                                              {{DCM_RescaleSlope, "0.0005"},
                                                               {DCM_RescaleIntercept, "-1"},
                                                               {DCM_WindowCenter, "0"},
                                                               {DCM_WindowWidth, "2"},
                                                               {DCM_VOILUTFunction, "LINEAR_EXACT"}}));
  EXPECT_TRUE(picture.own_range);
  EXPECT_EQ(picture.note, "");
  EXPECT_EQ(levels(on_screen(picture)), 1000U);
  EXPECT_NEAR(on_screen(picture).at<std::uint16_t>(2, 0),
              65535 * (image.at<std::uint16_t>(2, 0) * 0.0005 / 2), 1);
}

TEST(DicomVoi, TheSigmoidIsNotALine) {
  const cv::Mat image = ramp(1000, 4);
  const cv::Mat grey = on_screen(data::decode_dicom(with_texts(
      image, 12, {{DCM_WindowCenter, "2000"}, {DCM_WindowWidth, "800"}, {DCM_VOILUTFunction, "SIGMOID"}})));
  for (int c = 0; c < grey.cols; c += 17) {
    const double x = image.at<std::uint16_t>(1, c);
    EXPECT_NEAR(grey.at<std::uint16_t>(1, c), 65535 / (1 + std::exp(-4 * (x - 2000) / 800)), 1);
  }
}

TEST(DicomVoi, AWindowThatShowsNothingIsIgnoredAndSaid) {
  const cv::Mat image = ramp(1000, 4);
  for (const auto& [centre, width] :
       {std::pair("90000", "100"), std::pair("0.4", "0.5"), std::pair("50", "-3")}) {
    const data::Picture picture =
        data::decode_dicom(with_texts(image, 12, {{DCM_WindowCenter, centre}, {DCM_WindowWidth, width}}));
    EXPECT_THAT(picture.note, HasSubstr("is ignored"));
    EXPECT_EQ(levels(on_screen(picture)), 1000U) << centre;
    EXPECT_EQ(picture.range, (data::IntensityRange{0, 4095}));
  }
  // The second window shows something.
  const data::Picture second = data::decode_dicom(
      with_texts(image, 12, {{DCM_WindowCenter, "90000\\2000"}, {DCM_WindowWidth, "100\\4000"}}));
  EXPECT_EQ(second.note, "");
  EXPECT_GT(levels(on_screen(second)), 900U);
}

TEST(DicomVoi, AGivenRangeReplacesTheWindow) {
  data::DecodeOptions options{8, 1};
  options.intensity = data::intensity_from_string("0,3996");
  std::vector<std::uint8_t> pixels(64);
  const auto facts = data::decode_image(
      with_texts(ramp(1000, 4), 12, {{DCM_WindowCenter, "10"}, {DCM_WindowWidth, "20"}}), options, pixels);
  EXPECT_EQ(facts.used.high, 3996);
  EXPECT_NEAR(pixels[63], 240, 16);
  EXPECT_LT(pixels[0], 40);
}

TEST(DicomVoi, TablesAreLookedUpAndMonochrome1IsTurnedAfterThem) {
  data::DicomTransform transform;
  transform.voi = data::DicomTable{100, {0, 10, 20, 255}, 255};
  cv::Mat words(1, 5, CV_8U);
  const std::uint8_t values[] = {50, 101, 102, 103, 200};
  std::copy(std::begin(values), std::end(values), words.data);
  const double expected[] = {0, 10, 20, 255, 255};
  for (const bool negative : {false, true}) {
    const cv::Mat grey = on_screen(data::grey_picture(words, {8, 7, false}, transform, negative, true));
    for (int i = 0; i < 5; ++i)
      EXPECT_NEAR(grey.at<std::uint16_t>(0, i), 257 * (negative ? 255 - expected[i] : expected[i]), 1) << i;
  }
  EXPECT_EQ(transform.voi->apply(101.4), 10);
}

TEST(DicomVoi, NegativeSlopesTurnTheImage) {
  const data::Picture picture = data::decode_dicom(
      with_texts(ramp(1000, 4), 12, {{DCM_RescaleSlope, "-2"}, {DCM_RescaleIntercept, "50"}}));
  EXPECT_EQ(picture.range, (data::IntensityRange{50 - 2 * 4095, 50}));
  EXPECT_EQ(on_screen(picture).at<std::uint16_t>(0, 0), 65535);
  EXPECT_LT(on_screen(picture).at<std::uint16_t>(3, 249), 2000);
}

// 4 x n with a column of `padding` in front.
cv::Mat padded(const cv::Mat& image, std::uint16_t padding) {
  cv::Mat wider;
  cv::copyMakeBorder(image, wider, 0, 0, 1, 0, cv::BORDER_CONSTANT, cv::Scalar(padding));
  return wider;
}

test::DicomForm with_padding(const char* colours, Uint16 first, Uint16 last) {
  test::DicomForm form{EXS_LittleEndianExplicit, colours, 16};
  form.more = [first, last](DcmDataset& data) {
    test::check(data.putAndInsertUint16(DCM_PixelPaddingValue, first));
    if (last != first) test::check(data.putAndInsertUint16(DCM_PixelPaddingRangeLimit, last));
  };
  return form;
}

TEST(DicomVoi, PaddingFarFromTheImageIsBlackAndWidensNoRange) {
  const cv::Mat image = ramp(1000, 4);
  const auto corner = [&](std::uint16_t padding, const test::DicomForm& form) {
    const data::Picture picture = data::decode_dicom(make_dicom(padded(image, padding), form));
    EXPECT_LE(data::used_values(picture.image).high, 4100);
    return picture.image.at<std::uint16_t>(0, 0);
  };
  EXPECT_EQ(corner(65535, with_padding("MONOCHROME2", 65535, 65535)), 0);
  EXPECT_EQ(corner(65535, with_padding("MONOCHROME1", 65535, 65535)), 3996);
  EXPECT_EQ(corner(61234, with_padding("MONOCHROME2", 60000, 65535)), 0) << "a range of them";
  EXPECT_EQ(corner(4100, with_padding("MONOCHROME2", 4100, 4100)), 4100) << "the image might have it itself";
}

TEST(DicomVoi, NumbersThatAreNoneAreIgnoredAndSaid) {
  const cv::Mat image = ramp(1000, 4);
  const Bytes plain = with_texts(image, 12, {});
  const struct {
    DcmTagKey tag;
    const char *text, *note;
  } cases[] = {{DCM_RescaleSlope, "NaN", "a rescale slope that is no number"},
               {DCM_RescaleSlope, "0,5", "a rescale slope that is no number"},
               {DCM_RescaleSlope, "1e999", "a rescale slope that is no number"},
               {DCM_RescaleSlope, "0", "a rescale slope of 0"},
               {DCM_RescaleIntercept, "inf", "a rescale intercept that is no number"},
               {DCM_WindowWidth, "wide", "a window width that is no number"}};
  for (const auto& [tag, text, note] : cases) {
    const data::Picture picture = data::decode_dicom(
        with_texts(image, 12, {{DCM_WindowCenter, "100"}, {DCM_WindowWidth, "200"}, {tag, text}}));
    EXPECT_THAT(picture.note, HasSubstr(note)) << text;
    if (tag == DCM_WindowWidth)
      EXPECT_EQ(cv::norm(picture.image, data::decode_dicom(plain).image, cv::NORM_INF), 0);
  }
}

// A VOI table that turns numbers from 0 to 255 around; `bits` as the file says.
Bytes with_table(const cv::Mat& image, unsigned count, unsigned bits) {
  test::DicomForm form{EXS_LittleEndianExplicit, "MONOCHROME2", 8};
  form.more = [count, bits](DcmDataset& data) {
    DcmItem* item = nullptr;
    test::check(data.findOrCreateSequenceItem(DCM_VOILUTSequence, item));
    const Uint16 descriptor[] = {static_cast<Uint16>(count), 0, static_cast<Uint16>(bits)};
    std::vector<Uint16> entries;
    for (int i = 0; i < 256; ++i) entries.push_back(static_cast<Uint16>((255 - i) * 16));
    test::check(item->putAndInsertUint16Array(DCM_LUTDescriptor, descriptor, 3));
    test::check(item->putAndInsertUint16Array(DCM_LUTData, entries.data(), entries.size()));
  };
  return make_dicom(image, form);
}

TEST(DicomVoi, TablesAreReadWhateverTheirDescriptorSaysOfBits) {
  cv::Mat image(16, 16, CV_8U);
  for (int i = 0; i < 256; ++i) image.data[i] = static_cast<std::uint8_t>(i);
  for (const unsigned bits : {12U, 16U, 0U, 32U, 8U}) {
    const data::Picture picture = data::decode_dicom(with_table(image, 256, bits));
    const cv::Mat grey = on_screen(picture);
    EXPECT_NEAR(grey.at<std::uint16_t>(0, 0), 65535, 300) << bits;
    EXPECT_NEAR(grey.at<std::uint16_t>(8, 0), 127 * 257, 300) << bits;
    EXPECT_EQ(picture.note.find("lookup table") != std::string::npos, bits == 0 || bits == 32) << bits;
  }
  EXPECT_THAT(message_of<DataError>([&] { data::decode_dicom(with_table(image, 300, 12)); }),
              HasSubstr("truncated lookup table"));
}

// ---- how files begin and store

TEST(DicomFile, ATiffHeaderInThePreambleDoesNotMakeItOne) {
  Bytes bytes = make_dicom(test::picture(20, 24, 60), {});
  const cv::Mat expected = on_screen(data::decode_dicom(bytes));
  for (const char* magic : {"II*\0", "MM\0*", "\xFF\xD8\xFF\xE0", "GIF8", "\x89PNG"}) {
    std::memcpy(bytes.data(), magic, 4);
    EXPECT_EQ(cv::norm(on_screen(data::decode_picture(bytes, {})), expected, cv::NORM_INF), 0) << magic;
  }
}

TEST(DicomFile, NeedsNeitherPreambleNorHeader) {
  const cv::Mat image = test::picture(20, 24, 60);
  const Bytes whole =
      make_dicom(image, {EXS_LittleEndianImplicit, "MONOCHROME2", 8, {{DCM_PatientID, "q7"}}});
  std::uint32_t meta = 0;  // bytes behind (0002,0000), whose value is its length
  std::memcpy(&meta, &whole[140], 4);
  const Bytes bare(whole.begin() + 144 + meta, whole.end());
  const data::Picture picture = data::decode_picture(bare, {});
  EXPECT_EQ(picture.patient, "q7");
  EXPECT_EQ(cv::norm(on_screen(picture), image, cv::NORM_INF), 0);
  const Bytes no_preamble(whole.begin() + 132, whole.end());
  EXPECT_EQ(cv::norm(on_screen(data::decode_picture(no_preamble, {})), image, cv::NORM_INF), 0);
}

TEST(DicomFile, WithoutItsTransferSyntaxIsReadOrItsReasonSaid) {
  const auto unnamed = [](Bytes bytes) {
    const Bytes tag = {2, 0, 0x10, 0, 'U', 'I'};
    const auto at = std::search(bytes.begin(), bytes.end(), tag.begin(), tag.end());
    const int size = 8 + at[6] + 256 * at[7];
    std::uint32_t meta = 0;
    std::memcpy(&meta, &bytes[140], 4);
    meta -= static_cast<std::uint32_t>(size);
    std::memcpy(&bytes[140], &meta, 4);
    bytes.erase(at, at + size);
    return bytes;
  };
  const cv::Mat image = test::picture(20, 24, 60);
  for (const E_TransferSyntax syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit})
    EXPECT_EQ(
        cv::norm(on_screen(data::decode_dicom(unnamed(make_dicom(image, {syntax})))), image, cv::NORM_INF),
        0);
  EXPECT_THAT(
      message_of<DataError>([&] { data::decode_dicom(unnamed(make_dicom(image, {EXS_JPEGLSLossless}))); }),
      HasSubstr("names no transfer syntax"));
}

TEST(DicomFile, Jpeg2000OfEightBitsMayStandInSixteenAndInItsOwnBoxes) {
  const cv::Mat image = test::picture(40, 44, 60);
  test::DicomForm form{EXS_JPEG2000LosslessOnly, "MONOCHROME2", 8};
  form.bits_allocated = 16;
  cv::Mat wide;
  image.convertTo(wide, CV_16U, 257);
  cv::Mat shown = on_screen(data::decode_dicom(make_dicom(image, form)));
  if (shown.depth() == CV_8U) shown.convertTo(shown, CV_16U, 257);
  EXPECT_EQ(cv::norm(shown, wide, cv::NORM_INF), 0);
  form.bits_allocated = 8;
  form.in_boxes = true;
  shown = on_screen(data::decode_dicom(make_dicom(image, form)));
  if (shown.depth() == CV_8U) shown.convertTo(shown, CV_16U, 257);
  EXPECT_EQ(cv::norm(shown, wide, cv::NORM_INF), 0);
}

}  // namespace
}  // namespace dsx

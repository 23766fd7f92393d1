// DICOM files from real radiographs where those are present: every coding gives the pixels back, and windows,
// rescaling and inversion do what the standard says.
#include "data/formats/dicom.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/import.hpp"
#include "kernels/base/error.hpp"
#include "make_dicom.hpp"
#include "temp_data.hpp"
#include "tests/reference/test_name.hpp"

namespace dsx {
namespace {

using test::DicomForm;
using test::make_dicom;
using test::message_of;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

cv::Mat radiograph() {
  const auto root =
      test::fs::path(DOWNSCALEXR_SOURCE_DIR) / ".." / "shared" / "data" / "chest_xray" / "test" / "NORMAL";
  cv::Mat image = test::picture(300, 280, 100);
  if (test::fs::is_directory(root))
    image = cv::imread(test::fs::directory_iterator(root)->path().string(), cv::IMREAD_GRAYSCALE);
  cv::resize(image, image, {121, 90}, 0, 0, cv::INTER_AREA);  // odd: a padded file
  cv::normalize(image, image, 0, 255, cv::NORM_MINMAX);       // DCMTK's lossy encoder would stretch it
  return image;
}

cv::Mat twelve_bits(const cv::Mat& image) {
  cv::Mat wide;
  image.convertTo(wide, CV_16U, 4095.0 / 255);
  return wide;
}

std::string refusal(const Bytes& bytes) {
  return message_of<DataError>([&] { data::decode_dicom(bytes); });
}

// As a screen would show it.
cv::Mat shown(const data::Picture& picture) { return data::with_range(picture.image, picture.range); }
cv::Mat shown(const Bytes& bytes) { return shown(data::decode_dicom(bytes)); }

double largest_difference(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

struct Coding {
  E_TransferSyntax syntax;
  int bits;
  double loss;  // largest difference of a pixel, as a share of the whole range
};
void PrintTo(const Coding& coding, std::ostream* out) {
  *out << DcmXfer(coding.syntax).getXferName() << ", " << coding.bits << " bits";
}

class DicomCoding : public ::testing::TestWithParam<Coding> {};

TEST_P(DicomCoding, GivesThePixelsBack) {
  const auto [syntax, bits, loss] = GetParam();
  const cv::Mat grey = radiograph();
  const cv::Mat image = bits == 8 ? grey : twelve_bits(grey);
  DicomForm form{syntax, "MONOCHROME2", bits, {{DCM_PatientID, "P 17 "}}};
  const data::Picture read = data::decode_dicom(make_dicom(image, form));
  EXPECT_EQ(read.patient, "P 17");
  cv::Mat expected = image;
  if (bits > 8) image.convertTo(expected, CV_16U, 65535.0 / 4095);
  ASSERT_EQ(shown(read).type(), expected.type());
  EXPECT_LE(largest_difference(shown(read), expected), bits == 8 ? loss * 255 : 16 + loss * 65535);
}

INSTANTIATE_TEST_SUITE_P(
    All, DicomCoding,
    ::testing::Values(Coding{EXS_LittleEndianImplicit, 8, 0}, Coding{EXS_LittleEndianExplicit, 8, 0},
                      Coding{EXS_BigEndianExplicit, 12, 0}, Coding{EXS_LittleEndianExplicit, 12, 0},
                      Coding{EXS_JPEGProcess1, 8, 0.1}, Coding{EXS_JPEGProcess2_4, 12, 0.1},
                      Coding{EXS_JPEGProcess14, 8, 0}, Coding{EXS_JPEGProcess14SV1, 12, 0},
                      Coding{EXS_JPEGLSLossless, 8, 0}, Coding{EXS_JPEGLSLossless, 12, 0},
                      Coding{EXS_RLELossless, 8, 0}, Coding{EXS_RLELossless, 12, 0},
                      Coding{EXS_JPEG2000LosslessOnly, 8, 0}, Coding{EXS_JPEG2000LosslessOnly, 12, 0}),
    [](const auto& tested) { return reference::test_name(::testing::PrintToString(tested.param)); });

TEST(Dicom, Monochrome1IsTurned) {
  const cv::Mat image = radiograph();
  const cv::Mat read = shown(make_dicom(image, {EXS_LittleEndianExplicit, "MONOCHROME1", 8}));
  EXPECT_LE(largest_difference(read, 255 - image), 1);
}

// Values 0 to 4000 times 2 - 1000; window centre 1000, width 2001: y = ((x - 999.5) / 2000 + 0.5) * 65535
// (PS3.3 C.11.2).
TEST(Dicom, RescaleAndWindowFollowTheStandard) {
  cv::Mat image(1, 5, CV_16U);
  const std::uint16_t values[] = {0, 500, 1000, 1200, 4000};
  std::copy(std::begin(values), std::end(values), image.ptr<std::uint16_t>());
  const DicomForm form{EXS_LittleEndianExplicit,
                       "MONOCHROME2",
                       12,
                       {{DCM_RescaleSlope, "2"},
                        {DCM_RescaleIntercept, "-1000"},
                        {DCM_WindowCenter, "1000"},
                        {DCM_WindowWidth, "2001"}}};
  const cv::Mat read = shown(make_dicom(image, form));
  for (int i = 0; i < 5; ++i) {
    const double x = values[i] * 2.0 - 1000;
    const double expected = std::clamp(((x - 999.5) / 2000 + 0.5) * 65535, 0.0, 65535.0);
    EXPECT_NEAR(read.at<std::uint16_t>(0, i), expected, 20) << values[i];
  }
}

TEST(Dicom, ColourStaysColour) {
  cv::Mat image;
  const cv::Mat grey = radiograph();
  cv::merge(std::vector<cv::Mat>{grey, 255 - grey, grey / 2}, image);
  EXPECT_EQ(largest_difference(shown(make_dicom(image, {EXS_LittleEndianExplicit, "RGB", 8})), image), 0);
}

TEST(Dicom, RefusesWhatItDoesNotRead) {
  const cv::Mat image = radiograph();
  EXPECT_THAT(
      refusal(make_dicom(image, {EXS_LittleEndianExplicit, "MONOCHROME2", 8, {{DCM_NumberOfFrames, "7"}}})),
      HasSubstr("7 frames; multi-frame images are not read"));
  EXPECT_THAT(refusal(make_dicom(image, {EXS_LittleEndianExplicit, "PALETTE COLOR", 8})),
              HasSubstr("PALETTE COLOR"));
  EXPECT_THAT(refusal(make_dicom(image, {EXS_DeflatedLittleEndianExplicit, "MONOCHROME2", 8})),
              HasSubstr("is not read; convert it"));
  Bytes none(200, 0);
  std::copy_n("DICM", 4, none.begin() + 128);
  EXPECT_NE(refusal(none), "");
}

TEST(Dicom, TruncatedImagesAreRefused) {
  const cv::Mat image = radiograph();
  for (const Coding coding : {Coding{EXS_LittleEndianExplicit, 8, 0}, Coding{EXS_JPEGProcess1, 8, 0},
                              Coding{EXS_JPEGLSLossless, 8, 0}, Coding{EXS_RLELossless, 8, 0}}) {
    const Bytes whole = make_dicom(image, {coding.syntax, "MONOCHROME2", 8});
    for (const std::size_t keep : {whole.size() - 200, whole.size() / 2, std::size_t{300}, std::size_t{140}})
      EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(keep)}), "")
          << DcmXfer(coding.syntax).getXferName() << ' ' << keep;
  }
  // Rows that the pixels do not have.
  Bytes tall = make_dicom(image, {EXS_LittleEndianExplicit, "MONOCHROME2", 8});
  const Bytes rows = {0x28, 0, 0x10, 0, 'U', 'S', 2, 0};
  std::search(tall.begin(), tall.end(), rows.begin(), rows.end())[9] = 1;
  EXPECT_THAT(refusal(tall), HasSubstr("truncated image"));
}

// DCMTK would look for the next marker at the same place for ever.
TEST(Dicom, AJpegMarkerWithoutLengthEndsTheReading) {
  const Bytes start = {0xFF, 0xD8, 0xFF, 0xE0, 0, 16};
  const Bytes whole = make_dicom(radiograph(), {EXS_JPEGProcess1, "MONOCHROME2", 8});
  const auto jpeg = std::search(whole.begin(), whole.end(), start.begin(), start.end()) - whole.begin();
  ASSERT_LT(static_cast<std::size_t>(jpeg) + 40, whole.size());
  for (const std::ptrdiff_t place : {2, 20}) {
    Bytes damaged = whole;
    damaged[static_cast<std::size_t>(jpeg + place)] = 0xFF;
    damaged[static_cast<std::size_t>(jpeg + place + 1)] = 0x01;
    EXPECT_THAT(refusal(damaged), HasSubstr("damaged JPEG")) << place;
    // Two bytes of padding before it, then a marker of its own length.
    damaged[static_cast<std::size_t>(jpeg + place + 1)] = 0xFF;
    damaged[static_cast<std::size_t>(jpeg + place + 2)] = 0x01;
    EXPECT_NE(refusal(damaged), "") << place;
  }
}

// Sequences in sequences would end the stack of DCMTK's recursion.
TEST(Dicom, DeepNestingIsRefusedOrSurvived) {
  const Bytes image = make_dicom(radiograph(), {EXS_LittleEndianImplicit, "MONOCHROME2", 8});
  const auto pixels = image.begin() + 132;
  for (const std::size_t depth : {900U, 1900U, 100'000U}) {
    Bytes nested(image.begin(), pixels);
    const Bytes meta_and_rest(pixels, image.end());
    nested.insert(nested.end(), meta_and_rest.begin(), meta_and_rest.end());
    for (std::size_t i = 0; i < depth;
         ++i)  // FFFC,FFFC would be padding: a private sequence and an item of no length
      nested.insert(nested.end(), {0xE1, 0x7F, 0x01, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0,
                                   0xFF, 0xFF, 0xFF, 0xFF});
    refusal(nested);
  }
}

using DicomFolder = test::TempFolder;

TEST_F(DicomFolder, PatientsAreSubjectsAndMixWithOtherKinds) {
  const cv::Mat image = radiograph();
  for (const std::string split : {"train", "test"})
    for (const std::string label : {"NORMAL", "PNEUMONIA"}) {
      const DicomForm form{
          EXS_JPEGProcess14SV1, "MONOCHROME2", 8, {{DCM_PatientID, label == "NORMAL" ? "n1" : ""}}};
      test::write_bytes(folder_ / split / label / "person7_a.DCM", make_dicom(image, form));
      test::write_image(folder_ / split / label / "person8_b.png", image);
    }
  data::import_folder(data::scan_folder(folder_), {{32, 1, data::Resize::area}, false, 2, {}},
                      folder_ / "set.h5");
  const data::Hdf5Dataset dataset(folder_ / "set.h5");
  ASSERT_EQ(dataset.items().size(), 8U);
  std::vector<std::uint8_t> dicom(32 * 32), png(32 * 32);
  for (std::size_t i = 0; i < 8; i += 2) {
    const bool normal = dataset.items()[i].label == 0;
    EXPECT_EQ(dataset.items()[i].subject, normal ? "n1" : "person7");
    EXPECT_EQ(dataset.items()[i + 1].subject, "person8");
    dataset.read(i, dicom);
    dataset.read(i + 1, png);
    EXPECT_EQ(dicom, png);
  }
}

// Y, Cb and Cr as PS3.3 C.7.6.3.1.2 makes them of RGB; 422: of the left of two pixels.
Bytes ybr_bytes(const cv::Mat& rgb, bool half, bool by_plane) {
  Bytes interleaved, planes[3];
  for (int r = 0; r < rgb.rows; ++r)
    for (int c = 0; c < rgb.cols; ++c) {
      const auto& pixel = rgb.at<cv::Vec3b>(r, c);
      const double red = pixel[0], green = pixel[1], blue = pixel[2];
      const double values[] = {0.299 * red + 0.587 * green + 0.114 * blue,
                               -0.1687 * red - 0.3313 * green + 0.5 * blue + 128,
                               0.5 * red - 0.4187 * green - 0.0813 * blue + 128};
      for (int i = 0; i < 3; ++i) planes[i].push_back(static_cast<std::uint8_t>(std::lround(values[i])));
    }
  if (by_plane) {
    for (const Bytes& plane : planes) interleaved.insert(interleaved.end(), plane.begin(), plane.end());
    return interleaved;
  }
  for (std::size_t i = 0; i < planes[0].size(); i += half ? 2 : 1) {
    interleaved.push_back(planes[0][i]);
    if (half) interleaved.push_back(planes[0][i + 1]);
    interleaved.push_back(planes[1][i]);
    interleaved.push_back(planes[2][i]);
  }
  return interleaved;
}

Bytes ybr_dicom(const cv::Mat& rgb, const char* model, bool by_plane, E_TransferSyntax syntax,
                std::size_t less = 0) {
  DicomForm form{syntax, model, 8};
  form.more = [&rgb, model = std::string(model), by_plane, less](DcmDataset& data) {
    const Bytes bytes = ybr_bytes(rgb, model.ends_with("422"), by_plane);
    test::check(data.putAndInsertUint16(DCM_PlanarConfiguration, by_plane ? 1 : 0));
    test::check(data.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size() - less));
  };
  return make_dicom(rgb, form);
}

TEST(DicomColour, LumaAndChromaGiveTheColoursBack) {
  cv::Mat rgb(6, 10, CV_8UC3);  // pairs of pixels of one colour, so that 422 loses nothing
  for (int r = 0; r < rgb.rows; ++r)
    for (int c = 0; c < rgb.cols; ++c)
      rgb.at<cv::Vec3b>(r, c) = {static_cast<std::uint8_t>(40 * r + 10),
                                 static_cast<std::uint8_t>(c / 2 * 50),
                                 static_cast<std::uint8_t>(255 - 30 * r)};
  for (const auto& [model, by_plane] :
       {std::pair("YBR_FULL", false), std::pair("YBR_FULL", true), std::pair("YBR_FULL_422", false)})
    for (const E_TransferSyntax syntax :
         {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
      const data::Picture picture = data::decode_dicom(ybr_dicom(rgb, model, by_plane, syntax), {false});
      EXPECT_LE(largest_difference(picture.image, rgb), 2) << model << by_plane;
    }
}

TEST(DicomColour, GreyInLumaIsExact) {
  cv::Mat rgb;
  cv::cvtColor(test::picture(20, 24, 60), rgb, cv::COLOR_GRAY2RGB);
  for (const char* model : {"YBR_FULL", "YBR_FULL_422"}) {
    EXPECT_EQ(largest_difference(
                  data::decode_dicom(ybr_dicom(rgb, model, false, EXS_LittleEndianExplicit)).image, rgb),
              0)
        << model;
    EXPECT_THAT(refusal(ybr_dicom(rgb, model, false, EXS_LittleEndianExplicit, 100)),
                HasSubstr("truncated image"));
  }
}

}  // namespace
}  // namespace dsx

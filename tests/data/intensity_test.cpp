// Ranges of values: what is asked for, what is found, and what becomes of pixels.
#include "data/formats/intensity.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using data::IntensityRange;
using test::message_of;
using ::testing::HasSubstr;

TEST(Intensity, TextsReadBackToThemselves) {
  for (const std::string text : {"auto", "stored", "0,4095", "-1024,3071.5", "DICOM16=0,4095;PNG16=0,1023"})
    EXPECT_EQ(data::to_string(data::intensity_from_string(text)), text);
  EXPECT_EQ(data::to_string(data::intensity_from_string("0:255")), "0,255");
  EXPECT_EQ(data::to_string(data::intensity_from_string("-5..5")), "-5,5");
  EXPECT_EQ(data::to_string(data::intensity_from_string("")), "auto");
}

TEST(Intensity, WrongTextsAreRefusedWithTheRightForm) {
  for (const std::string text : {"bright", "12", "1,2,3", "0,nan", "0,", "=0,1", "PNG16=4;"})
    EXPECT_THAT(message_of<ConfigError>([&] { data::intensity_from_string(text); }), HasSubstr("LOW,HIGH"))
        << text;
  EXPECT_THAT(message_of<ConfigError>([&] { data::intensity_from_string("5,5"); }), HasSubstr("not below"));
}

TEST(Intensity, KindsThatLeaveTwoBitsUnusedAreStretchedToWholeBits) {
  const IntensityRange bits16{0, 65535}, bits8{0, 255};
  EXPECT_EQ(data::found_range({0, 4080, 9}, bits16), (IntensityRange{0, 4095}));
  EXPECT_EQ(data::found_range({3, 700, 9}, bits16), (IntensityRange{0, 1023}));
  EXPECT_EQ(data::found_range({0, 16000, 9}, bits16), (IntensityRange{0, 16383}));
  EXPECT_EQ(data::found_range({0, 17000, 9}, bits16), bits16);
  EXPECT_EQ(data::found_range({0, 1, 9}, bits8), (IntensityRange{0, 1}));
  EXPECT_EQ(data::found_range({0, 140, 9}, bits8), bits8);
  EXPECT_EQ(data::found_range({7, 7, 9}, bits16), bits16) << "flat images tell nothing";
  EXPECT_EQ(data::found_range({60000, 60100, 9}, bits16), bits16);
}

TEST(Intensity, ValuesThatAreNotWholeOrBelowZeroAreStretchedToWhatIsUsed) {
  EXPECT_EQ(data::found_range({-1024, 3071, 9}, {-32768, 32767}), (IntensityRange{-1024, 3071}));
  EXPECT_EQ(data::found_range({0.25, 4.5, 9}, {0, 65.5}), (IntensityRange{0.25, 4.5}));
}

TEST(Intensity, ANegativeStaysOneWhateverRangeIsChosen) {
  data::Picture picture;
  picture.kind = "TIFF16";
  picture.range = {65535, 0};
  EXPECT_EQ(data::chosen_range(picture, {}), (IntensityRange{65535, 0}));
  EXPECT_EQ(data::chosen_range(picture, data::intensity_from_string("TIFF16=0,4095")),
            (IntensityRange{4095, 0}));
  EXPECT_EQ(data::chosen_range(picture, data::intensity_from_string("10,20")), (IntensityRange{20, 10}));
  picture.own_range = true;
  EXPECT_EQ(data::chosen_range(picture, data::intensity_from_string("TIFF16=0,4095")),
            (IntensityRange{65535, 0}));
}

TEST(Intensity, EveryNumberTypeMapsAndClips) {
  const double values[] = {-50, 0, 25, 50, 100, 120};
  for (const int depth : {CV_16S, CV_32F, CV_64F}) {
    cv::Mat image(1, 6, depth);
    for (int i = 0; i < 6; ++i) cv::Mat(1, 1, CV_64F, cv::Scalar(values[i])).convertTo(image.col(i), depth);
    const cv::Mat shown = data::with_range(image, {0, 100});
    const int expected[] = {0, 0, 16384, 32768, 65535, 65535};
    for (int i = 0; i < 6; ++i) EXPECT_EQ(shown.at<std::uint16_t>(0, i), expected[i]) << depth << ' ' << i;
    EXPECT_EQ(data::with_range(image, {100, 0}).at<std::uint16_t>(0, 1), 65535);
  }
}

}  // namespace
}  // namespace dsx

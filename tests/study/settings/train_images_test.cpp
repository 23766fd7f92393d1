#include "study/settings/train_images.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/base/error.hpp"

namespace dsx {
namespace {

using settings::count_train_images;
using settings::train_images_from_text;

TEST(TrainImages, AreANumberAShareOrAll) {
  EXPECT_EQ(train_images_from_text("400", "--train-images"), 400);
  EXPECT_EQ(train_images_from_text("0.25", "--train-images"), 0.25);
  EXPECT_TRUE(std::isinf(train_images_from_text("all", "--train-images")));
  EXPECT_TRUE(std::isinf(train_images_from_text("1.0", "--train-images"))) << "the whole share";
  for (const char* text : {"400", "0.25", "all", "2"})
    EXPECT_EQ(settings::train_images_text(train_images_from_text(text, "")), text);
}

TEST(TrainImages, RefusesWhatIsNeither) {
  for (const char* text : {"", "0", "-3", "1.5", "many", "1e99", "100,200", "nan", "inf"}) {
    try {
      train_images_from_text(text, "--train-images");
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("--train-images: expected a number of training images"));
    }
  }
}

TEST(TrainImages, CountIsOfWhatThereIs) {
  EXPECT_EQ(count_train_images(0.25, 402), 101U);
  EXPECT_EQ(count_train_images(100, 402), 100U);
  EXPECT_EQ(count_train_images(settings::kAllTrainImages, 402), 402U);
  EXPECT_THROW(count_train_images(403, 402), ConfigError);
  EXPECT_THROW(count_train_images(0.001, 402), ConfigError);
}

}  // namespace
}  // namespace dsx

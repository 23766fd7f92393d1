// Image arrays as NumPy itself writes them, from real radiographs where those are present: every accepted
// form holds the same pixels, and what is refused names its file and reason.
#include "data/sources/array_images.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "data/loading/open.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Form {
  int side, channels;
};
void PrintTo(const Form& form, std::ostream* out) {
  *out << (form.channels == 1 ? "Grey" : "Rgb") << form.side;
}

class Arrays : public test::TempFolder, public ::testing::WithParamInterface<Form> {
 protected:
  static constexpr int kCount = 16;

  void make(int side, int channels) {
    std::vector<std::uint8_t> pixels, labels;
    for (int i = 0; i < kCount; ++i) {
      const cv::Mat image = radiograph(i, side, channels);
      pixels.insert(pixels.end(), image.datastart, image.dataend);
      labels.push_back(static_cast<std::uint8_t>(i % 2));
      images_.push_back(image);
    }
    test::write_bytes(folder_ / "pixels.raw", pixels);
    test::write_bytes(folder_ / "labels.raw", labels);
    const std::string script = std::string(DOWNSCALEXR_SOURCE_DIR) + "/tests/data/write_arrays.py";
    const std::string command = "/usr/bin/python3 " + script + " " + folder_.string() + " " +
                                std::to_string(kCount) + " " + std::to_string(side) + " " +
                                std::to_string(side) + " " + std::to_string(channels);
    if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) GTEST_SKIP() << "no NumPy";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  std::unique_ptr<data::Dataset> open(const std::string& name, int size, int channels,
                                      const std::string& positive = "") {
    data::DataOptions options;
    options.source = (folder_ / name).string();
    options.positive = positive;
    options.cache_dir = folder_ / "cache";
    options.size = size;
    options.channels = channels;
    return data::open_as_stored(options);
  }

  std::vector<cv::Mat> images_;  // RGB or grey

 private:
  // A real one where the set is present; otherwise a picture.
  static cv::Mat radiograph(int i, int side, int channels) {
    const auto root = test::fs::path(DOWNSCALEXR_SOURCE_DIR) / ".." / "shared" / "data" / "chest_xray" /
                      "test" / (i % 2 == 0 ? "NORMAL" : "PNEUMONIA");
    static std::map<std::string, std::vector<test::fs::path>> listed;
    auto& files = listed[root.string()];
    if (files.empty() && test::fs::is_directory(root)) {
      for (const auto& entry : test::fs::directory_iterator(root)) files.push_back(entry.path());
      std::sort(files.begin(), files.end());
    }
    cv::Mat grey = files.empty()
                       ? test::picture(300, 280, 10 * i)
                       : cv::imread(files[static_cast<std::size_t>(i)].string(), cv::IMREAD_GRAYSCALE);
    cv::resize(grey, grey, {side, side}, 0, 0, cv::INTER_AREA);
    if (channels == 1) return grey;
    cv::Mat colour;
    cv::merge(std::vector<cv::Mat>{grey, 255 - grey, grey / 2}, colour);
    return colour;
  }
};

TEST_P(Arrays, EveryFormHoldsTheSamePixels) {
  const auto [side, channels] = GetParam();
  ASSERT_NO_FATAL_FAILURE(make(side, channels));
  if (IsSkipped()) return;
  for (const char* name :
       {"compressed.npz", "stored.npz", "uint8", "float32", "float64_big", "uint16", "channels_first"}) {
    const auto dataset = open(name, side, channels);
    ASSERT_EQ(dataset->items().size(), std::size_t{kCount}) << name;
    EXPECT_THAT(dataset->class_names(), ElementsAre("0", "1"));
    EXPECT_EQ(data::indices_of(*dataset, data::Split::train).size(), 8U) << name;
    EXPECT_EQ(data::indices_of(*dataset, data::Split::val).size(), 4U) << name;
    std::vector<std::uint8_t> chw(dataset->shape().count());
    for (std::size_t i = 0; i < kCount; ++i) {
      EXPECT_EQ(dataset->items()[i].label, static_cast<int>(i % 2));
      dataset->read(i, chw);
      std::vector<cv::Mat> planes;
      cv::split(images_[i], planes);
      std::vector<std::uint8_t> expected;
      for (const cv::Mat& plane : planes) expected.insert(expected.end(), plane.datastart, plane.dataend);
      ASSERT_EQ(chw, expected) << name << ", image " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Arrays,
                         ::testing::Values(Form{28, 1}, Form{28, 3}, Form{64, 1}, Form{224, 1}),
                         ::testing::PrintToStringParamName());

class ArrayFiles : public Arrays {
 protected:
  void SetUp() override {
    Arrays::SetUp();
    make(28, 1);
  }
  std::string refusal(const std::string& name, const std::string& positive = "") {
    return message_of<DataError>([&] { open(name, 28, 1, positive); });
  }
};
INSTANTIATE_TEST_SUITE_P(Once, ArrayFiles, ::testing::Values(Form{28, 1}),
                         ::testing::PrintToStringParamName());

TEST_P(ArrayFiles, AreResizedAndMadeColour) {
  const auto dataset = open("compressed.npz", 64, 3);
  EXPECT_EQ(dataset->shape(), (data::ImageShape{3, 64, 64}));
  EXPECT_EQ(dynamic_cast<const data::Hdf5Dataset&>(*dataset).source_sizes()[0].width, 28);
}

TEST_P(ArrayFiles, PositiveMakesTwoClassesOfMany) {
  EXPECT_THAT(refusal("multi.npz"),
              AllOf(HasSubstr("multi.npz: has 3 classes (0, 1, 2)"), HasSubstr("--positive")));
  const auto dataset = open("multi.npz", 28, 1, "2");
  EXPECT_THAT(dataset->class_names(), ElementsAre("0+1", "2"));
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(dataset->items()[i].label, i % 3 == 2 ? 1 : 0);
  EXPECT_THAT(open("multi.npz", 28, 1, "0, 2")->class_names(), ElementsAre("1", "0+2"));
  EXPECT_THAT(open("compressed.npz", 28, 1, "0")->class_names(), ElementsAre("1", "0"));
  EXPECT_THAT(refusal("multi.npz", "3"), HasSubstr("--positive 3: no such class; it has 0, 1, 2"));
  EXPECT_THAT(refusal("multi.npz", "0,1,2"), HasSubstr("leaves no class that is negative"));
}

TEST_P(ArrayFiles, FindingsNeedTheirColumn) {
  EXPECT_THAT(refusal("one_hot.npz"), AllOf(HasSubstr("one-hot"), HasSubstr("e.g. --positive 1")));
  EXPECT_THAT(refusal("findings.npz"), AllOf(HasSubstr("3 findings per image"), HasSubstr("--positive 0")));
  const auto dataset = open("findings.npz", 28, 1, "2");
  EXPECT_THAT(dataset->class_names(), ElementsAre("not 2", "2"));
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(dataset->items()[i].label, static_cast<int>(i % 2));
}

TEST_P(ArrayFiles, RefusalsNameFileAndReason) {
  EXPECT_THAT(refusal("object.npz"),
              AllOf(HasSubstr("object.npz: train_images: "), HasSubstr("Python objects")));
  EXPECT_THAT(refusal("fortran.npz"),
              AllOf(HasSubstr("fortran.npz: train_images: "), HasSubstr("Fortran order")));
  EXPECT_THAT(refusal("no_labels.npz"), HasSubstr("no_labels.npz: has val_images but no val_labels"));
  EXPECT_THAT(refusal("float_255"),
              AllOf(HasSubstr("floats must be from 0 to 1"), HasSubstr("train/000000")));
  test::fs::remove(folder_ / "float32" / "y_val.npy");
  EXPECT_THAT(refusal("float32"), HasSubstr("float32: has X_val but no y_val"));
}

TEST_P(ArrayFiles, TruncatedOrDamagedFilesAreRefused) {
  const auto size = test::fs::file_size(folder_ / "uint8" / "test_images.npy");
  test::fs::resize_file(folder_ / "uint8" / "test_images.npy", size - 1);
  EXPECT_THAT(refusal("uint8"), AllOf(HasSubstr("test_images.npy: truncated"), HasSubstr("4 x 28 x 28")));
  std::vector<std::uint8_t> bytes = test::bytes_of(folder_ / "stored.npz");
  test::write_bytes(folder_ / "short.npz", {bytes.begin(), bytes.end() - 100});
  EXPECT_THAT(refusal("short.npz"), HasSubstr("short.npz: not a readable .npz"));
  bytes[400] ^= 1;  // a pixel: only the checksum tells
  test::write_bytes(folder_ / "flipped.npz", bytes);
  EXPECT_THAT(refusal("flipped.npz"), AllOf(HasSubstr("flipped.npz: train_images"), HasSubstr("damaged")));
}

TEST_P(ArrayFiles, ChangedArchiveIsImportedAgain) {
  EXPECT_EQ(open("compressed.npz", 28, 1)->items().size(), std::size_t{kCount});
  test::fs::copy_file(folder_ / "multi.npz", folder_ / "compressed.npz",
                      test::fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal("compressed.npz"), HasSubstr("3 classes"));
}

}  // namespace
}  // namespace dsx

// Copies and near copies among images whose relations are known, what cleaning drops of them, and the
// manifest that a clean data set must agree with.
#include "data/quality/duplicates.hpp"

#include <gmock/gmock.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/io/files.hpp"
#include "data/quality/clean.hpp"
#include "data/quality/clean_writer.hpp"
#include "data/quality/manifest.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/phantom.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kSide = 96;

// Phantoms 0 .. 19, each of a person of its own, and whatever add() appends.
class Pictures : public data::Dataset {
 public:
  Pictures() {
    for (std::size_t i = 0; i < 20; ++i) {
      cv::Mat image(kSide, kSide, CV_8U);
      data::draw_phantom(1, i, i % 2 == 1, kSide, {image.data, image.total()});
      add(image, {"image-" + std::to_string(i), "person-" + std::to_string(i), "", static_cast<int>(i % 2),
                  data::Split::train});
    }
  }
  std::size_t add(const cv::Mat& image, data::Item item) {
    if (item.sha256.empty()) item.sha256 = data::sha256_hex(item.name);
    images_.push_back(image.clone());
    items_.push_back(std::move(item));
    return items_.size() - 1;
  }
  cv::Mat& image(std::size_t index) { return images_[index]; }
  std::vector<data::Item>& mutable_items() { return items_; }
  const std::vector<data::Item>& items() const override { return items_; }
  data::ImageShape shape() const override { return {1, kSide, kSide}; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    std::copy(images_[index].begin<std::uint8_t>(), images_[index].end<std::uint8_t>(), chw.begin());
  }
  std::string description() const override { return "pictures"; }

 private:
  std::vector<cv::Mat> images_;
  std::vector<data::Item> items_;
  std::vector<std::string> class_names_ = {"NORMAL", "PNEUMONIA"};
};

cv::Mat saved_again(const cv::Mat& image, int quality) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", image, bytes, {cv::IMWRITE_JPEG_QUALITY, quality});
  return cv::imdecode(bytes, cv::IMREAD_GRAYSCALE);
}

data::Duplicates duplicates_of(const Pictures& set, const data::DuplicateOptions& options = {}) {
  return data::find_duplicates(set, data::fingerprints_of(set, 2, {}), options);
}

TEST(Duplicates, OfDifferentImagesAreNone) {
  const data::Duplicates found = duplicates_of(Pictures());
  EXPECT_TRUE(found.groups.empty());
  EXPECT_TRUE(found.near.empty());
}

TEST(Duplicates, AreFoundByFileAndByPixels) {
  Pictures set;
  const data::Item& third = set.items()[3];
  set.add(set.image(3),
          {"copy", "person-3", third.sha256, 0, data::Split::test});  // the same file, another class
  set.add(set.image(3),
          {"png-of-it", "stranger", "", 1, data::Split::train});  // other bytes, the same pixels
  set.add(set.image(8), {"again", "person-8", "", 0, data::Split::train});
  const data::Duplicates found = duplicates_of(set);
  ASSERT_EQ(found.groups.size(), 2U);
  EXPECT_THAT(found.groups[0].indices, ElementsAre(3, 20, 21));
  EXPECT_FALSE(found.groups[0].same_file);
  EXPECT_TRUE(found.groups[0].across_splits && found.groups[0].across_classes &&
              found.groups[0].across_subjects);
  EXPECT_THAT(found.groups[1].indices, ElementsAre(8, 22));
  EXPECT_FALSE(found.groups[1].across_splits || found.groups[1].across_classes ||
               found.groups[1].across_subjects);
  EXPECT_EQ(found.surplus_copies(), 3U);
  EXPECT_TRUE(found.near.empty()) << "a copy is no near duplicate";
}

// Saved again, shrunk and enlarged, brightened, moved by a pixel: all near. Another patient: not.
TEST(Duplicates, NearOnesSurviveSavingResizingAndBrightening) {
  Pictures set;
  cv::Mat resized, brighter;
  cv::resize(set.image(5), resized, {64, 64}, 0, 0, cv::INTER_AREA);
  cv::resize(resized, resized, {kSide, kSide});
  set.image(6).convertTo(brighter, -1, 1.1, 10);
  set.add(saved_again(set.image(4), 40), {"jpeg", "p", "", 1, data::Split::train});
  set.add(resized, {"resized", "p", "", 1, data::Split::test});
  set.add(brighter, {"brighter", "p", "", 0, data::Split::train});
  const data::Duplicates found = duplicates_of(set);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const data::NearPair& pair : found.near) {
    pairs.emplace_back(pair.first, pair.second);
    EXPECT_GE(pair.similarity, data::DuplicateOptions{}.similarity);
    EXPECT_LE(pair.distance, data::DuplicateOptions{}.radius);
    EXPECT_EQ(pair.across_splits, pair.second == 21);
    EXPECT_EQ(pair.across_classes, pair.second == 20);
  }
  EXPECT_THAT(pairs, ::testing::UnorderedElementsAre(std::pair(4, 20), std::pair(5, 21), std::pair(6, 22)));
}

TEST(Duplicates, RefuseOptionsOutOfRange) {
  const Pictures set;
  EXPECT_THROW(duplicates_of(set, {.radius = 17}), ConfigError);
  EXPECT_THROW(duplicates_of(set, {.radius = -1}), ConfigError);
  EXPECT_THROW(duplicates_of(set, {.similarity = 0.5}), ConfigError);
}

TEST(Duplicates, FlatImagesAreNotNear) {
  Pictures set;
  set.add(cv::Mat(kSide, kSide, CV_8U, cv::Scalar(10)), {"black", "a", "", 0, data::Split::train});
  set.add(cv::Mat(kSide, kSide, CV_8U, cv::Scalar(200)), {"white", "b", "", 1, data::Split::train});
  EXPECT_TRUE(duplicates_of(set).near.empty());
}

TEST(Fingerprint, MeasuresTheBorderAlone) {
  cv::Mat image(kSide, kSide, CV_8U, cv::Scalar(0));
  image(cv::Rect(4, 4, kSide - 8, kSide - 8)) = 77;  // the frame is 4 pixels thick
  image.rowRange(0, 4) = 255;
  const data::Fingerprint print = data::fingerprint_of({1, kSide, kSide}, {image.data, image.total()});
  const double share_of_top = 4.0 * kSide / (4.0 * kSide * 2 + 8.0 * (kSide - 8));
  EXPECT_NEAR(print.border[0], 255 * share_of_top, 1e-3);
  EXPECT_NEAR(print.border[2], 1 - share_of_top, 1e-6);
  EXPECT_NEAR(print.border[3], share_of_top, 1e-6);
  EXPECT_THAT(std::vector<float>(print.border.begin() + 4, print.border.end()), ElementsAre(255, 0, 0, 0));
}

std::vector<std::size_t> indices_of(const std::vector<data::Dropped>& dropped) {
  std::vector<std::size_t> indices;
  for (const data::Dropped& one : dropped) indices.push_back(one.index);
  return indices;
}

class Cleaning : public ::testing::Test {
 protected:
  Cleaning() {
    const std::string sha = set_.items()[3].sha256;
    set_.add(set_.image(3), {"copy", "person-3", sha, 1, data::Split::test});                         // 20
    set_.add(set_.image(7), {"conflict", "person-7", set_.items()[7].sha256, 0, data::Split::test});  // 21
    set_.add(saved_again(set_.image(4), 60), {"near", "person-40", "", 0, data::Split::val});         // 22
    set_.add(saved_again(set_.image(9), 60), {"other", "person-41", "", 1, data::Split::test});       // 23
    set_.mutable_items()[12].subject = set_.mutable_items()[14].subject = "shared";
    set_.mutable_items()[14].split = data::Split::test;
  }
  std::vector<data::Dropped> plan(const data::CleanOptions& options) const {
    return data::plan_cleaning(set_.items(), duplicates_of(set_), options);
  }
  Pictures set_;
};

TEST_F(Cleaning, KeepsTrainByDefaultAndSaysWhatStays) {
  const std::vector<data::Dropped> dropped = plan({});
  ASSERT_THAT(indices_of(dropped), ElementsAre(20, 21));
  EXPECT_EQ(dropped[0].kept, 3U);
  EXPECT_EQ(dropped[0].reason, data::DropReason::same_file);
}

TEST_F(Cleaning, FollowsThePriority) {
  EXPECT_THAT(indices_of(plan({.priority = data::priority_from_string("test,val,train")})),
              ElementsAre(3, 7));
  EXPECT_THROW(data::priority_from_string("test,train"), ConfigError);
  EXPECT_THROW(data::priority_from_string("test,train,train"), ConfigError);
  EXPECT_THROW(data::priority_from_string("test,train,dev"), ConfigError);
}

TEST_F(Cleaning, DropsNearOnesConflictsAndSubjectsOnlyWhenAsked) {
  EXPECT_THAT(indices_of(plan({.near = true})), ElementsAre(20, 21, 22, 23));
  EXPECT_THAT(indices_of(plan({.drop_conflicts = true})), ElementsAre(7, 20, 21));
  const std::vector<data::Dropped> subjects = plan({.by_subject = true});
  ASSERT_THAT(indices_of(subjects), ElementsAre(14, 20, 21));
  EXPECT_EQ(subjects[0].reason, data::DropReason::shared_subject);
  EXPECT_EQ(subjects[0].kept, 12U);
}

TEST(Manifest, AcceptsTheCleanFileAndNamesWhatDiffersOtherwise) {
  std::string pattern = (test::fs::temp_directory_path() / "dsx-manifest-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const test::fs::path folder = pattern, out = folder / "clean.h5", manifest = folder / "clean.json";
  Pictures set;
  set.add(set.image(3), {"a \"copy\", odd", "person-3", set.items()[3].sha256, 1, data::Split::test});
  set.mutable_items()[8].name = "odd \xff name";
  const std::vector<data::Fingerprint> fingerprints = data::fingerprints_of(set, 0, {});
  const std::vector<data::Dropped> dropped =
      data::plan_cleaning(set.items(), data::find_duplicates(set, fingerprints, {}), {});
  data::write_cleaned(set, fingerprints, dropped, {"pictures", data::Resize::area, out, manifest, 2, {}});

  const data::Hdf5Dataset written(out);
  ASSERT_EQ(written.items().size(), 20U);
  std::vector<std::uint8_t> pixels(written.shape().count());
  written.read(5, pixels);
  EXPECT_EQ(cv::norm(set.image(5), cv::Mat(kSide, kSide, CV_8U, pixels.data()), cv::NORM_INF), 0);
  EXPECT_EQ(data::h5::Reader(out).attribute_string("manifest"), data::sha256_hex(data::read_file(manifest)));
  EXPECT_NO_THROW(data::require_manifest(written, manifest));

  const auto refusal = [&](const data::Dataset& data) {
    return test::message_of<DataError>([&] { data::require_manifest(data, manifest); });
  };
  EXPECT_THAT(refusal(set), HasSubstr("a \"copy\", odd is not in the manifest"));
  Pictures changed;
  changed.mutable_items()[8].name = "odd \xff name";
  EXPECT_EQ(refusal(changed), "");
  changed.image(5).at<std::uint8_t>(50, 50) ^= 1;
  EXPECT_THAT(refusal(changed), HasSubstr("image-5: its pixels differ"));
  changed.mutable_items()[2].label = 1;
  EXPECT_THAT(refusal(changed), HasSubstr("image-2: its label is PNEUMONIA, the manifest says NORMAL"));
  changed.mutable_items()[1].sha256 = "00";
  changed.mutable_items()[0].name = "stranger";
  EXPECT_THAT(refusal(changed), HasSubstr("stranger is not in the manifest; and 3 more differences"));

  const auto damaged = [&](const std::string& text) {
    data::write_file_atomically(folder / "bad.json", text);
    return test::message_of<DataError>([&] { data::read_manifest(folder / "bad.json"); });
  };
  EXPECT_THAT(damaged("[1,2"), HasSubstr("not a manifest"));
  EXPECT_THAT(damaged("{\"format\":\"downscalexr-manifest\",\"version\":9}"), HasSubstr("another version"));
  EXPECT_THAT(damaged("{\"format\":\"downscalexr-manifest\",\"version\":1,\"source\":3}"),
              HasSubstr("damaged"));
  EXPECT_THAT(test::message_of<DataError>([&] { data::read_manifest(folder / "none.json"); }),
              HasSubstr("none.json"));
  test::fs::remove_all(folder);
}

}  // namespace
}  // namespace dsx

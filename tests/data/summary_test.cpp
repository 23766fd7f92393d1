// The counts that `study data show` prints, on a set with a known leak, duplicate and label conflict.
#include "data/sources/summary.hpp"

#include <gmock/gmock.h>

#include "temp_data.hpp"

namespace dsx {
namespace {

using ::testing::ElementsAre;

test::Flat flat_with_leaks() {
  test::Flat flat(10, {1, 4, 4});
  auto& items = flat.mutable_items();
  for (std::size_t i = 0; i < 10; ++i) items[i].sha256 = "hash-" + std::to_string(i);
  for (std::size_t i = 6; i < 10; ++i) items[i].split = data::Split::test;
  items[7].subject = items[1].subject = "leaked";
  items[3].subject = items[2].subject = "fine";  // two images, one split
  items[4].sha256 = items[2].sha256;             // within a split and class
  items[9].sha256 = items[8].sha256;             // two labels
  items[6].sha256 = items[0].sha256;             // across splits
  return flat;
}

TEST(Summary, CountsImagesAndSubjectsPerSplit) {
  const data::DataSummary summary = data::summarize(flat_with_leaks());
  ASSERT_EQ(summary.splits.size(), 2U) << "val has no images and no row";
  EXPECT_EQ(summary.splits[0].split, data::Split::train);
  EXPECT_THAT(summary.splits[0].images_per_class, ElementsAre(3U, 3U));
  EXPECT_EQ(summary.splits[0].subjects, 5U);
  EXPECT_THAT(summary.splits[1].images_per_class, ElementsAre(2U, 2U));
  EXPECT_EQ(summary.images, 10U);
  EXPECT_EQ(summary.subjects, 8U);
}

TEST(Summary, FindsIdenticalFilesAndWhatIsWrongWithThem) {
  const data::DataSummary summary = data::summarize(flat_with_leaks());
  ASSERT_EQ(summary.duplicates.size(), 3U);
  EXPECT_EQ(summary.surplus_copies, 3U);
  EXPECT_THAT(summary.duplicates[0].indices, ElementsAre(0U, 6U));
  EXPECT_TRUE(summary.duplicates[0].across_splits);
  EXPECT_FALSE(summary.duplicates[0].across_classes);
  EXPECT_FALSE(summary.duplicates[1].across_splits);
  EXPECT_TRUE(summary.duplicates[2].across_classes);
}

TEST(Summary, FindsSubjectsInTwoSplits) {
  const data::DataSummary summary = data::summarize(flat_with_leaks());
  ASSERT_EQ(summary.shared_subjects.size(), 1U);
  EXPECT_EQ(summary.shared_subjects[0].subject, "leaked");
  EXPECT_EQ(summary.shared_subjects[0].images, 2U);
  EXPECT_THAT(summary.shared_subjects[0].splits, ElementsAre(data::Split::train, data::Split::test));
}

}  // namespace
}  // namespace dsx

// What is known of the shared chest X-ray set must be found in it. Skipped where the images are not present.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "data/io/files.hpp"
#include "data/quality/clean.hpp"
#include "data/quality/duplicates.hpp"
#include "data/sources/folder.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/import.hpp"
#include "data/sources/subjects.hpp"
#include "data/sources/summary.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

class RealSet : public test::TempFolder {
 protected:
  void SetUp() override {
    TempFolder::SetUp();
    root_ = test::fs::path(DOWNSCALEXR_SOURCE_DIR) / ".." / "shared" / "data" / "chest_xray";
    if (!test::fs::is_directory(root_)) GTEST_SKIP() << root_ << " is not present";
  }
  test::fs::path root_;
};

TEST_F(RealSet, HasItsKnownCountsAndSharedSubjects) {
  const data::FolderListing listing = data::scan_folder(root_);
  std::map<std::pair<data::Split, int>, int> count;
  std::map<data::Split, std::set<std::string>> subjects;
  for (const data::FolderEntry& entry : listing.entries) {
    ++count[{entry.split, entry.label}];
    subjects[entry.split].insert(data::subject_from_name(entry.name));
  }
  EXPECT_EQ((count[{data::Split::train, 0}]), 1341);
  EXPECT_EQ((count[{data::Split::train, 1}]), 3875);
  EXPECT_EQ((count[{data::Split::test, 0}]), 234);
  EXPECT_EQ((count[{data::Split::test, 1}]), 390);
  std::vector<std::string> shared;
  std::set_intersection(subjects[data::Split::train].begin(), subjects[data::Split::train].end(),
                        subjects[data::Split::test].begin(), subjects[data::Split::test].end(),
                        std::back_inserter(shared));
  EXPECT_EQ(shared.size(), 170U);
}

TEST_F(RealSet, HasItsKnownIdenticalFiles) {
  std::map<std::string, int> copies;
  for (const data::FolderEntry& entry : data::scan_folder(root_).entries)
    ++copies[data::sha256_hex(data::read_file(root_ / entry.name))];
  int groups = 0, surplus = 0;
  for (const auto& [hash, count] : copies)
    if (count > 1) ++groups, surplus += count - 1;
  EXPECT_EQ(groups, 30);
  EXPECT_EQ(surplus, 32);
}

// All of it, at a small size: the audit's own way to the known figures, and no near duplicates besides (the
// most similar images of different people correlate .975 at most).
TEST_F(RealSet, TheAuditFindsItsKnownCopies) {
  data::import_folder(data::scan_folder(root_), {{64, 1, data::Resize::area}, false, 0, {}},
                      folder_ / "small.h5");
  const data::Hdf5Dataset dataset(folder_ / "small.h5");
  const data::Duplicates found = data::find_duplicates(dataset, data::fingerprints_of(dataset, 0, {}), {});
  EXPECT_EQ(found.groups.size(), 30U);
  EXPECT_EQ(found.surplus_copies(), 32U);
  for (const data::CopyGroup& group : found.groups) EXPECT_TRUE(group.same_file);
  EXPECT_TRUE(found.near.empty());
  EXPECT_EQ(data::summarize(dataset).shared_subjects.size(), 170U);
  EXPECT_EQ(data::plan_cleaning(dataset.items(), found, {}).size(), 32U);
}

// Every 40th image: no sound file may be taken for a damaged one.
TEST_F(RealSet, ItsImagesAreSound) {
  data::FolderListing listing = data::scan_folder(root_);
  std::vector<data::FolderEntry> some;
  for (std::size_t i = 0; i < listing.entries.size(); i += 40) some.push_back(listing.entries[i]);
  listing.entries = some;
  const data::ImportReport report = data::import_folder(listing, {}, folder_ / "some.h5");
  EXPECT_EQ(report.images, some.size());
}

}  // namespace
}  // namespace dsx

// Listing folders: layouts, labels, subjects, and what a folder must have.
#include "data/sources/folder.hpp"

#include <gmock/gmock.h>

#include "data/sources/subjects.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
class Folder : public test::TempFolder {
 protected:
  void touch(const std::string& name) { test::write_bytes(folder_ / name, {1}); }
};

TEST_F(Folder, ReadsSplitsAndClasses) {
  for (const char* name :
       {"train/NORMAL/a.jpeg", "train/PNEUMONIA/b.JPG", "Validation/NORMAL/c.png",
        "Validation/PNEUMONIA/d.tif", "TEST/NORMAL/deep/er/e.tiff", "TEST/PNEUMONIA/f.jpg"})
    touch(name);
  touch("train/NORMAL/notes.txt");
  touch("train/NORMAL/.hidden.jpg");
  touch("__MACOSX/NORMAL/x.jpg");
  const data::FolderListing listing = data::scan_folder(folder_);
  EXPECT_THAT(listing.class_names, ElementsAre("NORMAL", "PNEUMONIA"));
  ASSERT_EQ(listing.entries.size(), 6U);
  EXPECT_EQ(listing.entries[0].name, "TEST/NORMAL/deep/er/e.tiff");
  EXPECT_EQ(listing.entries[0].split, data::Split::test);
  EXPECT_EQ(listing.entries[2].split, data::Split::val);
  EXPECT_EQ(listing.entries[5].label, 1);
}

TEST_F(Folder, WithoutSplitFoldersAllIsTrain) {
  touch("NORMAL/a.png");
  touch("PNEUMONIA/b.png");
  const data::FolderListing listing = data::scan_folder(folder_);
  EXPECT_EQ(listing.entries[0].split, data::Split::train);
  EXPECT_EQ(listing.entries[1].split, data::Split::train);
}

TEST_F(Folder, LabelsAreAlphabeticalButNormalIsZero) {
  touch("train/cat/a.png");
  touch("train/dog/b.png");
  EXPECT_THAT(data::scan_folder(folder_).class_names, ElementsAre("cat", "dog"));
  test::fs::rename(folder_ / "train" / "dog", folder_ / "train" / "Normal");
  test::fs::rename(folder_ / "train" / "cat", folder_ / "train" / "COVID");
  const data::FolderListing listing = data::scan_folder(folder_);
  EXPECT_THAT(listing.class_names, ElementsAre("Normal", "COVID"));
  EXPECT_EQ(listing.entries[0].label, 1);  // COVID/a.png
}

TEST_F(Folder, OneThreeOrDifferentClassesAreRefusedByName) {
  touch("train/NORMAL/a.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }),
              AllOf(HasSubstr("two classes"), HasSubstr("NORMAL")));
  touch("set/chest_xray/NORMAL/a.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_ / "set"); }),
              ::testing::Not(HasSubstr("did you mean")));
  touch("set/chest_xray/PNEUMONIA/b.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_ / "set"); }),
              HasSubstr("did you mean " + (folder_ / "set/chest_xray?").string()));
  test::fs::remove_all(folder_ / "set");
  touch("train/PNEUMONIA/b.png");
  touch("test/NORMAL/c.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }),
              AllOf(HasSubstr("classes differ"), HasSubstr("test of NORMAL;")));
  touch("test/Pneumonia/d.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }), HasSubstr("classes differ"));
  test::fs::remove_all(folder_ / "test");
  touch("train/COVID/e.png");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }),
              HasSubstr("has 3 classes (COVID, NORMAL, PNEUMONIA)"));
  const data::FolderListing listing = data::scan_folder(folder_, "COVID,PNEUMONIA");
  EXPECT_THAT(listing.class_names, ElementsAre("NORMAL", "COVID+PNEUMONIA"));
  for (const data::FolderEntry& entry : listing.entries)
    EXPECT_EQ(entry.label, entry.name.find("NORMAL") == std::string::npos ? 1 : 0) << entry.name;
}

TEST_F(Folder, MissingAndEmptyFoldersSayWhatIsExpected) {
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_ / "no"); }), HasSubstr("No such file"));
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }),
              HasSubstr("expected e.g. train/NORMAL"));
  touch("NORMAL/a.txt");
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_); }), HasSubstr("no images"));
  EXPECT_THAT(message_of<DataError>([&] { data::scan_folder(folder_ / "NORMAL" / "a.txt"); }),
              HasSubstr("not a folder"));
}

TEST_F(Folder, DigestChangesWithNamesSizesAndTimes) {
  touch("NORMAL/a.png");
  touch("PNEUMONIA/b.png");
  const std::string digest = data::scan_folder(folder_).digest;
  EXPECT_EQ(data::scan_folder(folder_).digest, digest);
  const auto time = test::fs::last_write_time(folder_ / "NORMAL/a.png");
  test::fs::last_write_time(folder_ / "NORMAL/a.png", time + std::chrono::seconds(1));
  const std::string later = data::scan_folder(folder_).digest;
  EXPECT_NE(later, digest);
  touch("NORMAL/c.png");
  EXPECT_NE(data::scan_folder(folder_).digest, later);
}

TEST(SubjectFromName, KnowsTheNamesOfKermany) {
  EXPECT_EQ(data::subject_from_name("train/PNEUMONIA/person1000_bacteria_2931.jpeg"), "person1000");
  EXPECT_EQ(data::subject_from_name("person124_virus_244_1.jpeg"), "person124");
  EXPECT_EQ(data::subject_from_name("train/NORMAL/IM-0115-0001.jpeg"), "IM-0115");
  EXPECT_EQ(data::subject_from_name("IM-0500-0001-0002.jpeg"), "IM-0500");
  EXPECT_EQ(data::subject_from_name("NORMAL2-IM-0381-0001.jpeg"), "NORMAL2-IM-0381");
  EXPECT_EQ(data::subject_from_name("a/b/scan_17.png"), "a/b/scan_17.png");
}

}  // namespace
}  // namespace dsx

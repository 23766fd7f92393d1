// From folder to HDF5 file and back: content, order, bad images, damage, and what is left after a failure.
#include "data/sources/import.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "data/io/files.hpp"
#include "data/loading/open.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Import : public test::TempFolder {
 protected:
  data::ImportOptions options(int jobs = 2) {
    data::ImportOptions result;
    result.decode.size = 16;
    result.jobs = jobs;
    return result;
  }
  test::fs::path tree() {
    test::write_tree(folder_ / "set", {"train", "test"}, 20);
    return folder_ / "set";
  }
  std::size_t files_in_folder() {
    return static_cast<std::size_t>(std::distance(test::fs::directory_iterator(folder_), {}));
  }
};

TEST_F(Import, KeepsNamesLabelsSplitsHashesAndPixels) {
  const test::fs::path root = tree();
  const data::FolderListing listing = data::scan_folder(root);
  const data::ImportReport report = data::import_folder(listing, options(), folder_ / "set.h5");
  EXPECT_EQ(report.images, 80U);
  EXPECT_EQ(report.file_bytes, test::fs::file_size(folder_ / "set.h5"));
  const data::Hdf5Dataset dataset(folder_ / "set.h5");
  ASSERT_EQ(dataset.items().size(), 80U);
  EXPECT_EQ(dataset.shape(), (data::ImageShape{1, 16, 16}));
  EXPECT_EQ(dataset.listing_digest(), listing.digest);
  std::vector<std::uint8_t> pixels(256), expected(256);
  for (std::size_t i = 0; i < 80; ++i) {
    const data::Item& item = dataset.items()[i];
    const auto bytes = test::bytes_of(root / item.name);
    EXPECT_EQ(item.name, listing.entries[i].name);
    EXPECT_EQ(item.label, item.name.find("PNEUMONIA") == std::string::npos ? 0 : 1);
    EXPECT_EQ(item.split, item.name.starts_with("train") ? data::Split::train : data::Split::test);
    EXPECT_EQ(item.sha256, data::sha256_hex(bytes));
    EXPECT_EQ(dataset.source_sizes()[i].height, 24);
    EXPECT_EQ(dataset.source_sizes()[i].width, 20);
    data::decode_image(bytes, {16, 1}, expected);
    dataset.read(i, pixels);
    EXPECT_EQ(pixels, expected) << item.name;
  }
}

TEST_F(Import, IsTheSameWithAnyNumberOfJobs) {
  const data::FolderListing listing = data::scan_folder(tree());
  data::import_folder(listing, options(1), folder_ / "one.h5");
  data::import_folder(listing, options(5), folder_ / "five.h5");
  const data::Hdf5Dataset one(folder_ / "one.h5"), five(folder_ / "five.h5");
  EXPECT_EQ(one.digest(), five.digest());
  std::vector<std::uint8_t> a(256), b(256);
  for (std::size_t i = 0; i < one.items().size(); ++i) {
    one.read(i, a);
    five.read(i, b);
    ASSERT_EQ(a, b) << i;
  }
}

TEST_F(Import, ThreeChannelsAreKeptAsPlanes) {
  const data::FolderListing listing = data::scan_folder(tree());
  data::ImportOptions rgb = options();
  rgb.decode.channels = 3;
  data::import_folder(listing, rgb, folder_ / "rgb.h5");
  EXPECT_EQ(data::Hdf5Dataset(folder_ / "rgb.h5").shape(), (data::ImageShape{3, 16, 16}));
}

TEST_F(Import, ProgressEndsAtTheTotal) {
  std::vector<std::size_t> seen;
  data::ImportOptions watched = options();
  watched.progress = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 80U);
    seen.push_back(done);
  };
  data::import_folder(data::scan_folder(tree()), watched, folder_ / "set.h5");
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 80U);
}

TEST_F(Import, BadImagesAreNamedWithTheirReasonsAndNothingIsWritten) {
  const test::fs::path root = tree();
  test::write_bytes(root / "train/NORMAL/empty.png", {});
  test::write_bytes(root / "train/NORMAL/text.jpg", {'h', 'i'});
  auto bytes = test::bytes_of(root / "test/NORMAL/test-NORMAL-0.png");
  bytes.resize(bytes.size() - 20);
  test::write_bytes(root / "test/NORMAL/test-NORMAL-0.png", bytes);
  const std::string message = message_of<DataError>(
      [&] { data::import_folder(data::scan_folder(root), options(), folder_ / "set.h5"); });
  EXPECT_THAT(message, AllOf(HasSubstr("3 of 82 images"), HasSubstr("train/NORMAL/empty.png (empty file)"),
                             HasSubstr("train/NORMAL/text.jpg (not a JPEG"),
                             HasSubstr("test/NORMAL/test-NORMAL-0.png (truncated PNG)"),
                             HasSubstr("--skip-bad-images")));
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(files_in_folder(), 1U) << "only the set itself";
}

TEST_F(Import, SkipsBadImagesWhenAskedAndSaysWhich) {
  const test::fs::path root = tree();
  test::write_bytes(root / "train/NORMAL/aaa.png", {});
  data::ImportOptions lenient = options();
  lenient.skip_bad_images = true;
  const data::ImportReport report = data::import_folder(data::scan_folder(root), lenient, folder_ / "set.h5");
  EXPECT_EQ(report.images, 80U);
  EXPECT_THAT(report.skipped, ::testing::ElementsAre("train/NORMAL/aaa.png (empty file)"));
  const data::Hdf5Dataset dataset(folder_ / "set.h5");
  EXPECT_EQ(dataset.items().size(), 80U);
  EXPECT_EQ(dataset.skipped(), report.skipped);
  std::vector<std::uint8_t> pixels(256);
  for (std::size_t i = 0; i < 80; ++i) dataset.read(i, pixels);
}

TEST_F(Import, SkippingAWholeClassIsRefused) {
  test::write_tree(folder_ / "set", {"train"}, 1);
  test::write_bytes(folder_ / "set/train/NORMAL/train-NORMAL-0.png", {});
  data::ImportOptions lenient = options();
  lenient.skip_bad_images = true;
  EXPECT_THROW(data::import_folder(data::scan_folder(folder_ / "set"), lenient, folder_ / "set.h5"),
               DataError);
  EXPECT_FALSE(test::fs::exists(folder_ / "set.h5"));
}

TEST_F(Import, UnwritableTargetIsAnOutputErrorAndStopsAtOnce) {
  const data::FolderListing listing = data::scan_folder(tree());
  test::write_bytes(folder_ / "file", {1});
  EXPECT_THAT(
      message_of<OutputError>([&] { data::import_folder(listing, options(), folder_ / "file" / "set.h5"); }),
      HasSubstr("file"));
}

TEST_F(Import, FullDiskIsOneOutputErrorAndLeavesNothing) {
  const test::fs::path disk = folder_ / "disk";
  test::fs::create_directories(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=512k") != 0)
    GTEST_SKIP() << "mounting a small disk is not permitted";
  data::ImportOptions large = options();
  large.decode.size = 512;  // 80 chunks of a few kB and more
  ::testing::internal::CaptureStderr();
  const data::FolderListing listing = data::scan_folder(tree());
  const std::string message =
      message_of<OutputError>([&] { data::import_folder(listing, large, disk / "set.h5"); });
  EXPECT_THAT(message, AllOf(HasSubstr("set.h5"), HasSubstr("disk is full")));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(test::fs::is_empty(disk));
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);  // the abandoned file stays open, see ~Writer
}

TEST_F(Import, ImpossibleOptionsAreConfigErrors) {
  const data::FolderListing listing = data::scan_folder(tree());
  data::ImportOptions bad = options();
  bad.decode.size = 0;
  EXPECT_THROW(data::import_folder(listing, bad, folder_ / "x.h5"), ConfigError);
  bad = options();
  bad.decode.channels = 2;
  EXPECT_THROW(data::import_folder(listing, bad, folder_ / "x.h5"), ConfigError);
  EXPECT_THROW(data::import_folder(listing, options(-1), folder_ / "x.h5"), ConfigError);
}

class DamagedFile : public Import {
 protected:
  void SetUp() override {
    Import::SetUp();
    data::import_folder(data::scan_folder(tree()), options(), folder_ / "set.h5");
    sound_ = test::bytes_of(folder_ / "set.h5");
  }
  std::vector<std::uint8_t> sound_;
};

void read_all(const test::fs::path& path) {
  const data::Hdf5Dataset dataset(path);
  std::vector<std::uint8_t> pixels(dataset.shape().count());
  for (std::size_t i = 0; i < dataset.items().size(); ++i) dataset.read(i, pixels);
}

TEST_F(DamagedFile, EveryTruncationIsADataErrorThatNamesTheFile) {
  for (const double share : {0.0, 0.01, 0.3, 0.7, 0.999}) {
    auto bytes = sound_;
    bytes.resize(static_cast<std::size_t>(share * static_cast<double>(bytes.size())));
    test::write_bytes(folder_ / "cut.h5", bytes);
    EXPECT_THAT(message_of<DataError>([&] { read_all(folder_ / "cut.h5"); }), HasSubstr("cut.h5")) << share;
  }
}

TEST_F(DamagedFile, ZeroedBlocksAreDataErrorsOrHarmless) {
  int noticed = 0;
  for (std::size_t at = 0; at + 512 <= sound_.size(); at += 512) {
    auto bytes = sound_;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 512, std::uint8_t{0});
    test::write_bytes(folder_ / "holes.h5", bytes);
    try {
      read_all(folder_ / "holes.h5");
    } catch (const DataError&) {
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 10);
}

TEST_F(DamagedFile, AFlippedBitAnywhereIsFoundBeforeHdf5Reads) {
  for (std::size_t at = 512 + 16; at < sound_.size(); at += 1009) {
    auto bytes = sound_;
    bytes[at] ^= 0x04;
    test::write_bytes(folder_ / "flipped.h5", bytes);
    EXPECT_THAT(message_of<DataError>([&] { data::Hdf5Dataset dataset(folder_ / "flipped.h5"); }),
                AllOf(HasSubstr("flipped.h5: damaged"), HasSubstr("checksum")))
        << at;
  }
}

TEST_F(DamagedFile, WithoutItsChecksumSaysHowToMakeItAgain) {
  std::fill_n(sound_.begin(), 512, std::uint8_t{0});  // the seal: HDF5's own part is whole
  test::write_bytes(folder_ / "old.h5", sound_);
  EXPECT_NO_THROW(data::h5::Reader(folder_ / "old.h5").shape("images"));
  EXPECT_THAT(message_of<DataError>([&] { data::Hdf5Dataset dataset(folder_ / "old.h5"); }),
              AllOf(HasSubstr("old.h5: not a data set"), HasSubstr("study data import")));
}

TEST_F(DamagedFile, AnotherHdf5FileIsNotADataSet) {
  {
    data::h5::Writer writer(folder_ / "other.h5");
    writer.attribute("format", "a run");
    writer.commit();
  }
  EXPECT_THAT(message_of<DataError>([&] { data::Hdf5Dataset dataset(folder_ / "other.h5"); }),
              HasSubstr("not a data set"));
}

TEST_F(DamagedFile, ReadingFromSeveralThreadsGivesTheSamePixels) {
  const data::Hdf5Dataset dataset(folder_ / "set.h5");
  std::vector<std::size_t> all(dataset.items().size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  EXPECT_NO_THROW(preload(dataset, all, 4));
}

}  // namespace
}  // namespace dsx

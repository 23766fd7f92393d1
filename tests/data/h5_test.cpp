// HDF5 helpers: what is written comes back, and damage or a full disk becomes one clear error.
#include "data/h5.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <random>

#include "kernels/error.hpp"
#include "temp_data.hpp"

namespace dsx::h5 {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
class H5 : public test::TempFolder {
 protected:
  test::fs::path written() {
    const test::fs::path path = folder_ / "a.h5";
    Writer writer(path);
    writer.attribute("format", "test");
    writer.attribute("empty", "");
    writer.attribute("version", std::int64_t{3});
    writer.attribute("lr", 0.25);
    writer.string("config", "lr: 0.25\n");
    writer.strings("names", std::vector<std::string>{"a", "", "Größe"});
    writer.numbers("metrics/train/auc", std::vector<double>{0.5, 0.75});
    writer.numbers("table", std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2}, 4);
    writer.numbers("none", std::vector<std::int64_t>{});
    writer.commit();
    return path;
  }
};

TEST_F(H5, WhatIsWrittenComesBack) {
  const Reader reader(written());
  EXPECT_EQ(reader.attribute_string("format"), "test");
  EXPECT_EQ(reader.attribute_string("empty"), "");
  EXPECT_EQ(reader.attribute_int("version"), 3);
  EXPECT_EQ(reader.attribute_double("lr"), 0.25);
  EXPECT_EQ(reader.string("config"), "lr: 0.25\n");
  EXPECT_THAT(reader.strings("names"), ElementsAre("a", "", "Größe"));
  EXPECT_THAT(reader.numbers<double>("metrics/train/auc"), ElementsAre(0.5, 0.75));
  EXPECT_THAT(reader.numbers<float>("table"), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(reader.shape("table"), ElementsAre(3U, 2U));
  EXPECT_TRUE(reader.numbers<std::int64_t>("none").empty());
  EXPECT_THAT(reader.names("metrics"), ElementsAre("train"));
}

TEST_F(H5, TellsWhatIsThere) {
  const Reader reader(written());
  EXPECT_TRUE(reader.has("metrics/train/auc"));
  EXPECT_FALSE(reader.has("metrics/val/auc"));
  EXPECT_FALSE(reader.has("nothing/at/all"));
  EXPECT_TRUE(reader.has_attribute("lr"));
  EXPECT_FALSE(reader.has_attribute("other"));
}

TEST_F(H5, WrongTypesAndSizesAreDataErrorsThatNameTheObject) {
  const Reader reader(written());
  EXPECT_THAT(message_of<DataError>([&] { reader.numbers<float>("names"); }), HasSubstr("'names'"));
  EXPECT_THAT(message_of<DataError>([&] { reader.strings("table"); }), HasSubstr("'table'"));
  EXPECT_THAT(message_of<DataError>([&] { reader.numbers<float>("absent"); }), HasSubstr("'absent'"));
  EXPECT_THAT(message_of<DataError>([&] { reader.attribute_int("format"); }), HasSubstr("'format'"));
  EXPECT_THAT(message_of<DataError>([&] { reader.numbers<float>("table", 23); }), HasSubstr("23 bytes"));
}

TEST_F(H5, WithoutCommitNothingAppearsAndTheOldFileStays) {
  const test::fs::path path = written();
  {
    Writer writer(path);
    writer.string("config", "never finished");
  }
  EXPECT_EQ(Reader(path).string("config"), "lr: 0.25\n");
  EXPECT_EQ(std::distance(test::fs::directory_iterator(folder_), {}), 1) << "a temporary was left";
}

TEST_F(H5, MissingForeignAndTruncatedFilesAreDataErrors) {
  EXPECT_THAT(message_of<DataError>([&] { Reader reader(folder_ / "missing.h5"); }),
              HasSubstr("missing.h5: no such file"));
  test::write_bytes(folder_ / "text.h5", {'h', 'e', 'l', 'l', 'o'});
  EXPECT_THAT(message_of<DataError>([&] { Reader reader(folder_ / "text.h5"); }),
              HasSubstr("not an HDF5 file"));
  test::write_bytes(folder_ / "empty.h5", {});
  EXPECT_THAT(message_of<DataError>([&] { Reader reader(folder_ / "empty.h5"); }),
              HasSubstr("not an HDF5 file"));
  auto bytes = test::bytes_of(written());
  bytes.resize(bytes.size() / 2);
  test::write_bytes(folder_ / "half.h5", bytes);
  EXPECT_THAT(message_of<DataError>([&] { Reader reader(folder_ / "half.h5"); }), HasSubstr("truncated"));
  EXPECT_THAT(message_of<DataError>([&] { Reader reader(folder_); }), HasSubstr("not a regular file"));
}

TEST_F(H5, RandomDamageIsADataErrorOrHarmless) {
  const auto sound = test::bytes_of(written());
  const unsigned seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    auto bytes = sound;
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    test::write_bytes(folder_ / "damaged.h5", bytes);
    try {
      const Reader reader(folder_ / "damaged.h5");
      reader.strings("names");
      reader.numbers<double>("metrics/train/auc");
      reader.numbers<float>("table");
      reader.attribute_string("format");
    } catch (const DataError&) {
    }
  }
}

TEST_F(H5, PathThroughAFileIsAnOutputError) {
  test::write_bytes(folder_ / "file", {1});
  EXPECT_THAT(message_of<OutputError>([&] { Writer writer(folder_ / "file" / "a.h5"); }), HasSubstr("file"));
}

TEST_F(H5, FullDiskIsAnOutputErrorAndLeavesNothing) {
  const test::fs::path disk = folder_ / "disk";
  test::fs::create_directories(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "mounting a small disk is not permitted";
  const std::string message = message_of<OutputError>([&] {
    Writer writer(disk / "a.h5");
    writer.numbers("table", std::vector<float>(1 << 20, 1.5F));
    writer.commit();
  });
  EXPECT_THAT(message, HasSubstr("disk is full"));
  EXPECT_TRUE(test::fs::is_empty(disk));
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);  // the abandoned file stays open, see ~Writer
}

}  // namespace
}  // namespace dsx::h5

// HDF5 helpers: what is written comes back, and damage or a full disk becomes one clear error.
#include "data/io/h5.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <random>

#include "data/io/deflate.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx::data::h5 {
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

// Four bytes behind `filters` (deflate, or none), the only chunk replaced by these bytes.
test::fs::path with_chunk(const test::fs::path& path, const ::H5::DSetCreatPropList& filters,
                          unsigned skipped, const std::vector<std::uint8_t>& bytes) {
  Writer writer(path);
  const hsize_t extent = 4, offset = 0;
  ::H5::DSetCreatPropList layout = filters;
  layout.setChunk(1, &extent);
  const ::H5::DataSet data =
      writer.file().createDataSet("label", ::H5::PredType::STD_U8LE, ::H5::DataSpace(1, &extent), layout);
  EXPECT_GE(H5Dwrite_chunk(data.getId(), H5P_DEFAULT, skipped, &offset, bytes.size(), bytes.data()), 0);
  writer.commit();
  return path;
}

// libhdf5 1.10 reads behind the end of all but the first.
TEST_F(H5, ChunksThatAreNotWholeAreDataErrors) {
  ::H5::DSetCreatPropList deflate, checksum, shuffle;
  deflate.setDeflate(1);
  checksum.setFletcher32();
  shuffle.setShuffle();
  const std::vector<std::uint8_t> plain{1, 2, 3, 4};
  const test::fs::path path = folder_ / "chunk.h5";
  EXPECT_EQ(Reader(with_chunk(path, deflate, 0, data::deflate_chunk(plain))).numbers<std::uint8_t>("label"),
            plain);
  const auto refused = [&](const ::H5::DSetCreatPropList& filters, unsigned skipped,
                           const std::vector<std::uint8_t>& bytes) {
    const Reader reader(with_chunk(path, filters, skipped, bytes));
    EXPECT_THAT(message_of<DataError>([&] { reader.numbers<std::uint8_t>("label"); }),
                HasSubstr("chunk.h5: data set 'label' is damaged"));
  };
  refused(deflate, 1, {1});
  refused(deflate, 0, {1});
  refused(deflate, 0, data::deflate_chunk(std::vector<std::uint8_t>{1, 2}));
  refused(deflate, 0, data::deflate_chunk(std::vector<std::uint8_t>(100)));
  refused(checksum, 0, {1});
  refused(shuffle, 0, {1});
}

TEST_F(H5, TablesOfSeveralChunksComeBack) {
  std::vector<double> values(300'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * i % 1009);
  const std::vector<std::string> names(200'000, "some name");
  Writer writer(folder_ / "long.h5");
  writer.numbers("table", values, {100'000, 3}, 4);
  writer.strings("names", names);
  writer.commit();
  const Reader reader(folder_ / "long.h5");
  EXPECT_EQ(reader.numbers<double>("table"), values);
  EXPECT_EQ(reader.strings("names"), names);
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
}  // namespace dsx::data::h5

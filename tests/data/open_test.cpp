// Opening sources by name, and the cache of imported folders: made once, reused, renewed, and its failures.
#include "data/loading/open.hpp"

#include <gmock/gmock.h>

#include "data/loading/memory_cache.hpp"
#include "data/sources/folder.hpp"
#include "data/sources/import.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Open : public test::TempFolder {
 protected:
  void SetUp() override {
    TempFolder::SetUp();
    test::write_tree(folder_ / "set", {"train", "test"}, 12);
    options_.source = (folder_ / "set").string();
    options_.cache_dir = folder_ / "cache";
    options_.size = 16;
    options_.progress = [this](std::size_t, std::size_t) { ++decoded_; };
  }
  std::size_t cached_files() {
    return static_cast<std::size_t>(std::distance(test::fs::directory_iterator(folder_ / "cache"), {}));
  }
  data::DataOptions options_;
  int decoded_ = 0;
};

TEST_F(Open, FolderIsImportedOnceAndReusedWhileUnchanged) {
  const std::string digest = data::open_dataset(options_)->digest();
  EXPECT_EQ(decoded_, 48);
  EXPECT_EQ(data::open_dataset(options_)->digest(), digest);
  EXPECT_EQ(decoded_, 48) << "decoded again although nothing changed";
  EXPECT_EQ(cached_files(), 1U);
}

TEST_F(Open, ChangedFolderReplacesItsCachedFile) {
  data::open_dataset(options_);
  test::write_image(folder_ / "set/train/NORMAL/new.png", test::picture(24, 20, 3));
  EXPECT_EQ(data::open_dataset(options_)->items().size(), 49U);
  EXPECT_EQ(decoded_, 48 + 49);
  EXPECT_EQ(cached_files(), 1U);
}

TEST_F(Open, OtherSettingsHaveTheirOwnFile) {
  data::open_dataset(options_);
  options_.resize = data::Resize::bilinear;
  data::open_dataset(options_);
  EXPECT_EQ(cached_files(), 2U);
}

TEST_F(Open, DamagedCachedFileIsMadeAgain) {
  data::open_dataset(options_);
  const test::fs::path file = test::fs::directory_iterator(folder_ / "cache")->path();
  test::fs::resize_file(file, test::fs::file_size(file) / 2);
  EXPECT_EQ(data::open_dataset(options_)->items().size(), 48U);
  EXPECT_EQ(decoded_, 96);
}

TEST_F(Open, MissingValComesFromTrain) {
  const auto dataset = data::open_dataset(options_);
  EXPECT_EQ(data::indices_of(*dataset, data::Split::test).size(), 24U);
  EXPECT_EQ(data::indices_of(*dataset, data::Split::val).size(), 2U);
  EXPECT_EQ(data::indices_of(*dataset, data::Split::train).size(), 22U);
  EXPECT_EQ(data::labels_of(*dataset, data::indices_of(*dataset, data::Split::val)),
            (std::vector<float>{0, 1}));
}

TEST_F(Open, Hdf5FileMustHaveTheSizeThatIsAskedFor) {
  data::ImportOptions import;
  import.decode.size = 16;
  data::import_folder(data::scan_folder(folder_ / "set"), import, folder_ / "set.h5");
  options_.source = (folder_ / "set.h5").string();
  EXPECT_EQ(data::open_dataset(options_)->items().size(), 48U);
  options_.size = 32;
  EXPECT_THAT(message_of<DataError>([&] { data::open_dataset(options_); }),
              AllOf(HasSubstr("16 x 16"), HasSubstr("--size 16")));
}

TEST_F(Open, UnwritableCacheIsAnOutputErrorThatTellsHowToMoveIt) {
  test::write_bytes(folder_ / "file", {1});
  options_.cache_dir = folder_ / "file" / "cache";
  EXPECT_THAT(message_of<OutputError>([&] { data::open_dataset(options_); }), HasSubstr("XDG_CACHE_HOME"));
  EXPECT_EQ(decoded_, 0) << "hours of decoding must not come before the refusal";
}

TEST_F(Open, BadImagesStayRefusedAfterALenientImport) {
  test::write_bytes(folder_ / "set/train/NORMAL/bad.png", {1, 2, 3});
  EXPECT_THAT(message_of<DataError>([&] { data::open_dataset(options_); }), HasSubstr("bad.png"));
  options_.skip_bad_images = true;
  EXPECT_EQ(data::open_dataset(options_)->skipped().size(), 1U);
  options_.skip_bad_images = false;
  EXPECT_THAT(message_of<DataError>([&] { data::open_dataset(options_); }), HasSubstr("bad.png"));
}

TEST_F(Open, UnknownSourceSaysWhatIsPossible) {
  options_.source = "synthetik";
  EXPECT_THAT(message_of<DataError>([&] { data::open_dataset(options_); }),
              AllOf(HasSubstr("synthetik"), HasSubstr("'synthetic'")));
  test::write_bytes(folder_ / "a.h5", {1, 2, 3});
  options_.source = (folder_ / "a.h5").string();
  EXPECT_THAT(message_of<DataError>([&] { data::open_dataset(options_); }), HasSubstr("not an HDF5 file"));
}

TEST_F(Open, WordsOnATableOfLabelsNeedOne) {
  data::DataOptions options;
  options.labels.finding = "Effusion";
  EXPECT_THAT(message_of<ConfigError>([&] { data::open_dataset(options); }), HasSubstr("--labels FILE.csv"));
}

TEST_F(Open, ImpossibleSizesAreConfigErrors) {
  options_.size = 0;
  EXPECT_THROW(data::open_dataset(options_), ConfigError);
  options_.size = 16;
  options_.channels = 2;
  EXPECT_THROW(data::open_dataset(options_), ConfigError);
  EXPECT_THROW(data::resize_from_string("cubic"), ConfigError);
}

// Counts how often each image is read from its source.
class Counting : public test::Flat {
 public:
  using Flat::Flat;
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    ++reads;
    Flat::read(index, chw);
  }
  mutable int reads = 0;
};

TEST(MemoryCache, ReadsEachImageOnceWithinItsBudget) {
  auto source = std::make_unique<Counting>(10, data::ImageShape{1, 4, 4});
  const Counting& counting = *source;
  const auto cache = data::with_memory_cache(std::move(source), 6 * 16);
  std::vector<std::uint8_t> pixels(16);
  for (int round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 10; ++i) {
      cache->read(i, pixels);
      EXPECT_EQ(pixels[7], i);
    }
  EXPECT_EQ(counting.reads, 10 + 2 * 4);  // six fit, four are read each round
}

TEST(MemoryCache, ShowsWhatItKeepsInPlace) {
  const auto cache =
      data::with_memory_cache(std::make_unique<test::Flat>(3, data::ImageShape{1, 4, 4}), 2 * 16);
  const auto split = data::view_with_splits(*cache, std::vector<data::Split>(3, data::Split::test));
  std::vector<std::uint8_t> pixels(16);
  EXPECT_TRUE(cache->in_memory(1).empty());  // nobody has read it
  for (const std::size_t i : {1U, 2U, 0U}) cache->read(i, pixels);
  for (const data::Dataset* dataset : {cache.get(), split.get()}) {
    for (const std::size_t i : {1U, 2U})
      EXPECT_THAT(dataset->in_memory(i), testing::AllOf(testing::SizeIs(16), testing::Each(i)));
    EXPECT_TRUE(dataset->in_memory(0).empty());  // the budget was spent
  }
}

TEST(MemoryCache, GivesTheRightPixelsToManyThreads) {
  const auto cache =
      data::with_memory_cache(std::make_unique<test::Flat>(200, data::ImageShape{1, 8, 8}), 150 * 64);
  std::vector<std::size_t> order;
  for (std::size_t round = 0; round < 20; ++round)
    for (std::size_t i = 0; i < 200; ++i) order.push_back((i * 7 + round) % 200);
  data::preload(*cache, order, 4);
  std::vector<std::uint8_t> pixels(64);
  for (std::size_t i = 0; i < 200; ++i) {
    cache->read(i, pixels);
    EXPECT_EQ(pixels[63], i);
  }
}

}  // namespace
}  // namespace dsx

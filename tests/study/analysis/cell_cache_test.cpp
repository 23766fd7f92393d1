#include "study/analysis/cell_cache.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "data/io/sealed_file.hpp"
#include "kernels/base/error.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;

class CachedCell : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dsx-cache-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    cell_.folder = pattern;
    train("first");
    cache_.write(cell_, [](data::h5::Writer& out) { out.numbers("figure", std::vector<double>{1, 2}); });
  }
  void TearDown() override { fs::remove_all(cell_.folder); }

  // The seal that stands in front of a checkpoint is all that a cache knows of it.
  void train(std::string seal) {
    seal.resize(data::kSealBlock);
    std::ofstream(cell_.folder / "best.h5", std::ios::binary) << seal;
  }
  bool is_used(const analysis::CellCache& cache) const {
    return cache.read(cell_, [](const data::h5::Reader& in) {
      EXPECT_THAT(in.numbers<double>("figure"), testing::ElementsAre(1, 2));
      return true;
    });
  }

  analysis::Cell cell_;
  analysis::CellCache cache_{"figures", 3};
};

TEST_F(CachedCell, IsUsedForItsWeightsAndItsVersion) {
  EXPECT_TRUE(is_used(cache_));
  EXPECT_FALSE(is_used(analysis::CellCache("figures", 4)));
  EXPECT_FALSE(is_used(analysis::CellCache("others", 3)));  // there is none
  fs::copy(cell_.folder / "figures.h5", cell_.folder / "others.h5");
  EXPECT_FALSE(is_used(analysis::CellCache("others", 3)));  // of another kind
  train("second");
  EXPECT_FALSE(is_used(cache_));
}

TEST_F(CachedCell, IsNotUsedWhenItIsNotWhatWasAskedForOrDamaged) {
  EXPECT_FALSE(cache_.read(cell_, [](const data::h5::Reader&) { return false; }));
  EXPECT_FALSE(cache_.read(cell_, [](const data::h5::Reader& in) { return !in.strings("missing").empty(); }));
  fs::resize_file(cell_.folder / "figures.h5", fs::file_size(cell_.folder / "figures.h5") / 2);
  EXPECT_FALSE(is_used(cache_));
}

TEST_F(CachedCell, ThatCannotBeWrittenIsAWarning) {
  analysis::Cell nowhere = cell_;
  nowhere.folder = cell_.folder / "best.h5";  // a file
  testing::internal::CaptureStderr();
  cache_.write(nowhere, [](data::h5::Writer&) {});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("it will be computed again next time"));
}

TEST(RowsOf, AreWholeRows) {
  EXPECT_THAT(analysis::rows_of(std::vector<int>{1, 2, 3, 4, 5, 6}, 2),
              testing::ElementsAre(testing::ElementsAre(1, 2), testing::ElementsAre(3, 4),
                                   testing::ElementsAre(5, 6)));
  EXPECT_TRUE(analysis::rows_of(std::vector<int>{}, 2).empty());
  EXPECT_TRUE(analysis::rows_of(std::vector<int>{}, 0).empty());
}

}  // namespace
}  // namespace dsx

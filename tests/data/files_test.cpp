// Atomic writing and hashing: what is on disk after success, and that failure leaves nothing.
#include "data/io/files.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::HasSubstr;
class Files : public test::TempFolder {};

TEST_F(Files, Sha256MatchesThePublishedVector) {
  EXPECT_EQ(data::sha256_hex(std::string_view("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Files, AtomicWriteReplacesTheWholeFile) {
  data::write_file_atomically(folder_ / "a.txt", "a long first version");
  data::write_file_atomically(folder_ / "a.txt", "second");
  EXPECT_THAT(test::bytes_of(folder_ / "a.txt"), ::testing::ElementsAreArray(std::string("second")));
  EXPECT_EQ(std::distance(test::fs::directory_iterator(folder_), {}), 1) << "a temporary was left";
}

TEST_F(Files, MakesTheFoldersOnTheWay) {
  data::write_file_atomically(folder_ / "x" / "y" / "a.txt", "text");
  EXPECT_TRUE(test::fs::exists(folder_ / "x" / "y" / "a.txt"));
}

TEST_F(Files, PathThroughAFileIsAnOutputErrorThatNamesIt) {
  data::write_file_atomically(folder_ / "file", "text");
  EXPECT_THAT(
      message_of<OutputError>([&] { data::write_file_atomically(folder_ / "file" / "a.txt", "text"); }),
      HasSubstr("file"));
}

TEST_F(Files, FailedReplaceLeavesNoTemporary) {
  test::fs::create_directories(folder_ / "taken" / "inside");  // rename over a full folder fails
  EXPECT_THROW(data::write_file_atomically(folder_ / "taken", "text"), OutputError);
  EXPECT_EQ(std::distance(test::fs::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, ReadingTooLargeAFileIsRefusedBeforeItIsRead) {
  data::write_file_atomically(folder_ / "a.txt", "0123456789");
  EXPECT_THAT(message_of<DataError>([&] { data::read_file(folder_ / "a.txt", 9); }), HasSubstr("10 bytes"));
  EXPECT_THROW(data::read_file(folder_), DataError);
  EXPECT_THROW(data::read_file(folder_ / "missing"), DataError);
}

}  // namespace
}  // namespace dsx

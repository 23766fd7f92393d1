// Temporaries are one process's each, fit where their file's name fits, and are removed when nobody writes
// them.
#include "data/io/temporary.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::ElementsAreArray;

class Temporaries : public test::TempFolder {
 protected:
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(test::fs::directory_iterator(folder_), {}));
  }
  // A file or folder that nobody has locked, as old as a killed process may leave it.
  test::fs::path left_over(const std::string& name, std::chrono::minutes age, bool folder = false) const {
    const test::fs::path path = folder_ / name;
    if (folder) {
      test::fs::create_directory(path);
      std::ofstream(path / "config.yaml") << "seed: 1\n";
    } else {
      std::ofstream(path) << "half";
    }
    test::fs::last_write_time(path, test::fs::file_time_type::clock::now() - age);
    return path;
  }
};

TEST_F(Temporaries, TwoOfOneNameAreTwoFiles) {
  const data::Temporary one(folder_ / "a.h5"), other(folder_ / "a.h5");
  EXPECT_NE(one.path(), other.path());
  EXPECT_EQ(entries(), 2U);
}

// Forked processes share everything but their ids; those of two containers share these as well, so that a
// name made of the id would be the same. Each sees its own file only, and the last to publish wins with a
// whole one.
TEST_F(Temporaries, ManyProcessesAtOnceLeaveOneWholeFile) {
  std::vector<pid_t> children;
  for (char c = 'a'; c < 'i'; ++c) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        for (int round = 0; round < 20; ++round)
          data::write_file_atomically(folder_ / "same", std::string(100'000, c));
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const std::vector<std::uint8_t> bytes = test::bytes_of(folder_ / "same");
  ASSERT_EQ(bytes.size(), 100'000U);
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), bytes.front()), 100'000) << "of two writers";
  EXPECT_EQ(entries(), 1U) << "a temporary was left";
}

TEST_F(Temporaries, FitWhereverTheNameFits) {
  for (const std::size_t length : {1U, 200U, 230U, 255U}) {
    const test::fs::path path = folder_ / std::string(length, 'f');
    EXPECT_NO_THROW(data::write_file_atomically(path, "text")) << length;
    EXPECT_THAT(test::bytes_of(path), ElementsAreArray(std::string("text"))) << length;
    data::TemporaryFolder folder(folder_ / std::string(length, 'd'));
    EXPECT_TRUE(folder.publish().has_value()) << length;
  }
  EXPECT_THAT(
      message_of<OutputError>([&] { data::write_file_atomically(folder_ / std::string(256, 'f'), ""); }),
      ::testing::HasSubstr("name too long"));
}

TEST_F(Temporaries, NamesOfAnyBytesWork) {
  for (const std::string name : {"a\nb", "r\xf6ntgen", "\x1b[1m", ".tmp", "..a.tmp"}) {
    EXPECT_NO_THROW(data::write_file_atomically(folder_ / name, "text"));
    EXPECT_EQ(test::bytes_of(folder_ / name).size(), 4U);
  }
  EXPECT_EQ(entries(), 5U);
}

TEST_F(Temporaries, ACutNameEndsWithACharacter) {
  const std::string long_name(300, 'x');
  EXPECT_EQ(data::fitting_name(folder_, "short", "-1.h5"), "short-1.h5");
  EXPECT_EQ(data::fitting_name(folder_, long_name, "-1.h5").size(), 255U);
  std::string umlauts;
  for (int i = 0; i < 150; ++i) umlauts += "\xc3\xb6";
  const std::string cut = data::fitting_name(folder_, umlauts, "-12.h5");
  EXPECT_EQ(cut, umlauts.substr(0, 248) + "-12.h5");
}

TEST_F(Temporaries, WhatAKilledProcessLeftIsRemovedByTheNextWriter) {
  using std::chrono::minutes;
  const auto gone = {left_over(".old.h5.0123456789abcdef.tmp", minutes(11)),
                     left_over(".a.h5.4711.tmp", minutes(90)),
                     left_over(".run.fedcba9876543210.tmp", minutes(11), true)};
  const auto kept = {left_over(".young.h5.0123456789abcdef.tmp", minutes(1)),
                     left_over(".b.h5.4711.tmp", minutes(90)),  // another file's, of an older version
                     left_over(".note.0123456789abcdeg.tmp", minutes(90)),  // no name of ours
                     left_over("x.0123456789abcdef.tmp", minutes(90)), left_over("a.h5.bak", minutes(90))};
  const test::fs::path held = left_over(".held.h5.0123456789abcdef.tmp", minutes(90));
  const int lock = ::open(held.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  data::write_file_atomically(folder_ / "a.h5", "text");
  for (const auto& path : gone) EXPECT_FALSE(test::fs::exists(path)) << path;
  for (const auto& path : kept) EXPECT_TRUE(test::fs::exists(path)) << path;
  EXPECT_TRUE(test::fs::exists(held)) << "somebody writes it";
  ::close(lock);
}

TEST_F(Temporaries, AFolderAppearsWholeOrNotAtAll) {
  const auto write_and_publish = [&](const std::string& text) {
    data::TemporaryFolder folder(folder_ / "run");
    std::ofstream(folder.path() / "config.yaml") << text;
    return folder.publish();
  };
  test::fs::create_directory(folder_ / "run");  // empty: as good as none
  {
    const std::optional<data::FolderLock> first = write_and_publish("1");
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(data::FolderLock::try_lock(folder_ / "run").has_value()) << "its lock came along";
    EXPECT_FALSE(write_and_publish("2").has_value());
  }
  EXPECT_TRUE(data::FolderLock::try_lock(folder_ / "run").has_value());
  EXPECT_THAT(test::bytes_of(folder_ / "run" / "config.yaml"), ElementsAreArray(std::string("1")));
  EXPECT_EQ(entries(), 1U);
}

}  // namespace
}  // namespace dsx

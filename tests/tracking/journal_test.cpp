// What a kill, a power cut, a full disk or another program can do to a journal, and what is read of it
// afterwards.
#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/tracking/folder.hpp"

namespace dsx::tracking {
namespace {

class Journal : public FolderTest {
 protected:
  void write(const std::string& text) const { std::ofstream(journal(), std::ios::binary) << text; }
  static std::vector<Json> three() {
    return {begin_record({"u", "n", "", 1}), params_record({{"a", "b\n\"\xc3\xa9\""}}),
            metrics_record({{"x", 0.1}}, 1, 2)};
  }
};

TEST_F(Journal, GivesBackWhatWasAppended) {
  {
    JournalWriter writer(journal());
    writer.append(three());
    writer.append({status_record("FINISHED", 3)});
    writer.sync();
  }
  JournalReader reader(journal());
  const std::vector<Record> records = reader.read_new();
  ASSERT_EQ(records.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(records[i].event, three()[i]);
  EXPECT_EQ(records[3].number, 4U);
  EXPECT_EQ(reader.torn_bytes(), 0U);
  EXPECT_TRUE(reader.read_new().empty());
}

TEST_F(Journal, NumbersThatAreNoneSurvive) {
  const Json event =
      metrics_record({{"n", std::nan("")}, {"i", HUGE_VAL}, {"m", -HUGE_VAL}, {"t", 0.1 + 0.2}}, 1, 2);
  JournalWriter(journal()).append({event});
  const Json read = JournalReader(journal()).read_new().at(0).event["values"];
  EXPECT_EQ(read["n"], "NaN");
  EXPECT_EQ(number_from(read["i"]), HUGE_VAL);
  EXPECT_EQ(number_from(read["m"]), -HUGE_VAL);
  EXPECT_EQ(number_from(read["t"]), 0.1 + 0.2);
}

TEST_F(Journal, ATornEndIsIgnoredAtEveryByteAndOverwritten) {
  JournalWriter(journal()).append(three());
  const std::string whole = slurp(journal());
  const std::size_t second = whole.find('\n', whole.find('\n') + 1) + 1;
  for (std::size_t size = second; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    JournalReader reader(journal());
    ASSERT_EQ(reader.read_new().size(), 2U) << size;
    EXPECT_EQ(reader.torn_bytes(), size - second);
  }
  JournalWriter(journal()).append({status_record("KILLED", 5)});
  const std::vector<Record> records = JournalReader(journal()).read_new();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].event["status"], "KILLED");
  EXPECT_EQ(records[2].number, 3U);
}

TEST_F(Journal, AGrowingFileIsReadPieceByPiece) {
  JournalWriter writer(journal());
  JournalReader reader(journal());
  writer.append(three());
  EXPECT_EQ(reader.read_new().size(), 3U);
  writer.append({status_record("FINISHED", 3)});
  EXPECT_EQ(reader.read_new().size(), 1U);
  EXPECT_EQ(reader.last_number(), 4U);
}

TEST_F(Journal, DamageInTheMiddleIsNamed) {
  JournalWriter(journal()).append(three());
  const std::string whole = slurp(journal());
  for (const std::size_t at : {whole.find("params"), whole.find("\"seq\":2") + 6, std::size_t{0}}) {
    std::string bad = whole;
    bad[at] = bad[at] == '1' ? '7' : 'z';
    write(bad);
    try {
      JournalReader(journal()).read_new();
      FAIL() << "byte " << at;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("tracking.jsonl: damaged behind record"));
    }
    EXPECT_THROW(JournalWriter{journal()}, DataError);
    EXPECT_EQ(slurp(journal()), bad) << "left as it was";
  }
}

TEST_F(Journal, ALostOrRepeatedLineIsDamage) {
  JournalWriter(journal()).append(three());
  const std::string whole = slurp(journal());
  const std::size_t first = whole.find('\n') + 1, second = whole.find('\n', first) + 1;
  write(whole.substr(0, first) + whole.substr(second) + whole.substr(second));
  EXPECT_THROW(JournalReader(journal()).read_new(), DataError);
  write(whole.substr(0, second) + whole.substr(first));
  EXPECT_THROW(JournalReader(journal()).read_new(), DataError);
}

TEST_F(Journal, OtherFilesAreRefused) {
  EXPECT_THROW(JournalReader(journal()).read_new(), DataError) << "none";
  std::filesystem::create_directories(journal());
  EXPECT_THROW(JournalReader(journal()).read_new(), DataError) << "a folder";
  EXPECT_THROW(JournalWriter{journal()}, OutputError);
}

TEST_F(Journal, AFullDiskIsAnErrorWithTheFileAndTheReason) {
  JournalWriter writer("/dev/full");
  try {
    writer.append(three());
    FAIL();
  } catch (const OutputError& error) {
    EXPECT_STREQ(error.what(), "/dev/full: cannot be written: No space left on device");
  }
}

TEST_F(Journal, HasOneWriterAtATime) {
  JournalWriter writer(journal());
  EXPECT_THROW(JournalWriter{journal()}, JournalBusy);
  EXPECT_NO_THROW(JournalReader(journal()).read_new());
}

}  // namespace
}  // namespace dsx::tracking

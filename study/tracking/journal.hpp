// The append-only record of what is to be tracked: one line of JSON per record, with its number and a
// checksum. A run writes here first and never waits for a network; delivery.hpp works it off. A line that a
// kill tore off at the end is ignored, and overwritten by the next record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/base/error.hpp"

namespace dsx::tracking {

using Json = nlohmann::json;

constexpr const char* kJournalName = "tracking.jsonl";

// A record is an object with "type" (records.hpp). `number` counts from 1 without gaps.
struct Record {
  std::uint64_t number = 0;
  Json event;
};

std::string line_of(const Record& record);  // with its '\n'

// Reads a journal from where it was left, so that a growing one costs only what is new.
class JournalReader {
 public:
  explicit JournalReader(std::filesystem::path path) : path_(std::move(path)) {}

  // The whole records behind those read before. Throws DataError when the file cannot be read, or a line that
  // is not the last one is damaged: what follows it is out of order.
  std::vector<Record> read_new();

  std::uint64_t whole_bytes() const { return bytes_; }  // of the records read so far
  std::uint64_t last_number() const { return number_; }
  // Bytes behind the last whole record: torn off by a kill, or about to be completed.
  std::uint64_t torn_bytes() const { return torn_; }

 private:
  std::filesystem::path path_;
  std::uint64_t bytes_ = 0, number_ = 0, torn_ = 0;
};

// Another process is writing it: its run is alive.
struct JournalBusy : OutputError {
  using OutputError::OutputError;
};

class JournalWriter {
 public:
  // Opens or makes it, and cuts off a torn end. Throws DataError when it is damaged, OutputError when it
  // cannot be written, JournalBusy.
  explicit JournalWriter(const std::filesystem::path& path);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // What the file held when it was opened.
  const std::vector<Record>& before() const { return before_; }

  // One write of all events: they outlive a kill of this process. Throws OutputError when the disk is full;
  // the file then holds what it held before.
  void append(const std::vector<Json>& events);
  // Makes them outlive a power cut. Slow, so the sender calls it, not the training. Safe beside append().
  void sync() const noexcept;

 private:
  void read_before();

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0, number_ = 0;
  std::vector<Record> before_;
};

}  // namespace dsx::tracking

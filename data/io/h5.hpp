// Small helpers over HDF5's own C++ binding, for data sets, run files and checkpoints alike: its exceptions
// become DataError or OutputError with the file's name, its automatic error printing is off, every size read
// from a file is checked before memory is allocated, and a file appears under its final name only when it is
// complete.
//
// HDF5 calls are serialised by one mutex (the C++ binding is not thread-safe even where the C library is):
// hold h5::Lock around any direct use of H5:: objects when other threads may use HDF5. The functions here
// take it.
#pragma once

#include <H5Cpp.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "data/io/temporary.hpp"

namespace dsx::data::h5 {

// The process-wide, recursive HDF5 lock.
class Lock {
 public:
  Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

// One message line for an HDF5 failure: the innermost useful description of HDF5's error stack.
std::string describe(const H5::Exception& error);

// A file being read. Throws DataError: missing, not HDF5, truncated. What the file claims to hold is bounded
// by its size: deflate, the only filter of this project's files, packs no tighter than kMaxRatio.
class Reader {
 public:
  // `check` runs before HDF5 parses anything of the file, e.g. the check of a seal (sealed_file.hpp).
  explicit Reader(std::filesystem::path path, void (*check)(const std::filesystem::path&) = nullptr);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const std::filesystem::path& path() const { return path_; }
  H5::H5File& file() { return file_; }
  const H5::H5File& file() const { return file_; }
  std::size_t file_bytes() const { return file_bytes_; }

  bool has(const std::string& name) const;                         // group or data set, e.g. "metrics/train"
  bool has_attribute(const std::string& name) const;               // on the root group
  std::vector<std::string> names(const std::string& group) const;  // members of a group, in name order

  // Attributes of the root group. Throw DataError that names file and attribute.
  std::string attribute_string(const std::string& name) const;
  std::int64_t attribute_int(const std::string& name) const;
  double attribute_double(const std::string& name) const;

  // Texts of files that hold other bytes than UTF-8, as old ones may, come by as_utf8().
  // Whole data sets. `max_bytes` bounds what is allocated; the element count is checked against it first.
  std::vector<std::size_t> shape(const std::string& name) const;
  std::vector<std::string> strings(const std::string& name, std::size_t max_count = 100'000'000) const;
  std::string string(const std::string& name) const;  // a scalar text, e.g. YAML or JSON
  // T: float, double, std::int32_t, std::int64_t, std::uint8_t, std::uint64_t; converted from the stored
  // numbers.
  template <typename T>
  std::vector<T> numbers(const std::string& name, std::size_t max_bytes = std::size_t{4} << 30) const;

  [[noreturn]] void fail(const std::string& what) const;  // DataError "<path>: <what>"

 private:
  // A data set whose values are in this very file and no more of them than it can hold.
  H5::DataSet open(const std::string& name) const;

  std::filesystem::path path_;
  std::size_t file_bytes_ = 0;
  H5::H5File file_;
};

// A file being written: as a temporary beside `path`, which commit() syncs to disk and renames over `path`.
// Without commit() (an exception, an interruption) the temporary is removed and `path` stays as it was.
// Throws OutputError.
class Writer {
 public:
  enum class Seal { no, yes };  // see sealed_file.hpp

  explicit Writer(std::filesystem::path path, Seal seal = Seal::no);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  H5::H5File& file() { return file_; }
  void commit();

  // Groups on the way to a data set ("metrics/train/auc") are made as needed. Texts are written by as_utf8()
  // (kernels/base/utf8.hpp).
  void attribute(const std::string& name, const std::string& value);
  void attribute(const std::string& name, const char* value) { attribute(name, std::string(value)); }
  void attribute(const std::string& name, std::int64_t value);
  void attribute(const std::string& name, double value);
  void string(const std::string& name, const std::string& value);
  void strings(const std::string& name, std::span<const std::string> values);
  // T as in Reader::numbers. `shape` empty: one dimension. deflate 1..9 compresses (0: as it is).
  template <typename T>
  void numbers(const std::string& name, std::span<const T> values, std::vector<std::size_t> shape = {},
               int deflate = 0);
  template <typename T>
  void numbers(const std::string& name, const std::vector<T>& values, std::vector<std::size_t> shape = {},
               int deflate = 0) {
    numbers(name, std::span<const T>(values), std::move(shape), deflate);
  }

  // Lets the disk begin with what has been written so far, so that commit() has less to wait for.
  void begin_writeback() const;

  [[noreturn]] void fail(const H5::Exception& error) const;  // OutputError "<path>: ..."

 private:
  std::filesystem::path path_;
  Seal seal_;
  Temporary temporary_;
  H5::H5File file_;
  bool open_ = false;
};

}  // namespace dsx::data::h5

// What a fuzz target is: one function that reads bytes and survives, and the seeds that it starts from, made
// by the writers of the format itself. libFuzzer calls the first; `DSX_SEEDS=DIR <target>_fuzz` writes the
// second.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kernels/base/error.hpp"

namespace dsx::fuzz {

using Bytes = std::vector<std::uint8_t>;

// Each target defines both. An error of kernels/base/error.hpp is a refusal, and fine; anything else is a
// finding.
void read(std::span<const std::uint8_t> bytes);
std::vector<Bytes> seeds();

// Every regular file below `folder` whose name ends so.
std::vector<Bytes> files_in(const std::filesystem::path& folder, const std::string& ending);
// A file of this process (in memory, where the system can) for readers that take a path; replaced by the next
// call.
std::filesystem::path as_file(std::span<const std::uint8_t> bytes);

// NumPy's own files of small images (tests/data/write_arrays.py) below a folder of their own; empty without
// NumPy.
class NumPyFiles {
 public:
  NumPyFiles();
  ~NumPyFiles();
  NumPyFiles(const NumPyFiles&) = delete;
  NumPyFiles& operator=(const NumPyFiles&) = delete;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace dsx::fuzz

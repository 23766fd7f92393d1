// The two entry points that libFuzzer knows, and what several targets need for their seeds.
#include "tests/fuzz/fuzz_target.hpp"

#include <fmt/format.h>
#include <sanitizer/lsan_interface.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace {

// libFuzzer's own check (-detect_leaks) runs an input again, and then the leak sanitizer, whenever libraries
// kept something: for some formats nearly always. The leak sanitizer looks at the end of the process too.
constexpr std::size_t kInputsPerLeakCheck = 2000;

void check_leaks() {
  static std::size_t inputs = 0;
  if (++inputs % kInputsPerLeakCheck != 0 || __lsan_do_recoverable_leak_check() == 0) return;
  fmt::print(stderr, "the leak is of one of the last {} inputs; -detect_leaks=1 checks each\n",
             kInputsPerLeakCheck);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    dsx::fuzz::read({data, size});
  } catch (const dsx::DataError&) {
  } catch (const dsx::ConfigError&) {
  } catch (const dsx::UnsupportedError&) {
  }
  check_leaks();
  return 0;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("DSX_SEEDS");
  if (folder == nullptr) return 0;
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const dsx::fuzz::Bytes& seed : dsx::fuzz::seeds())
    std::ofstream(fmt::format("{}/seed-{:03}", folder, number++), std::ios::binary)
        .write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  fmt::print("{} seeds in {}\n", number, folder);
  std::exit(number > 0 ? 0 : 1);
}

namespace dsx::fuzz {
namespace fs = std::filesystem;

std::vector<Bytes> files_in(const fs::path& folder, const std::string& ending) {
  std::vector<Bytes> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !entry.path().string().ends_with(ending)) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return files;
}

namespace {

// In memory where the system has such a folder; HDF5 wants a path that is a real one, so no memfd.
class OneFile {
 public:
  OneFile() {
    const fs::path memory = "/dev/shm";
    std::error_code error;
    const fs::path folder = fs::is_directory(memory, error) ? memory : fs::temp_directory_path();
    std::string pattern = (folder / "dsx-fuzz-XXXXXX").string();
    fd_ = ::mkstemp(pattern.data());
    path_ = pattern;
  }
  ~OneFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  OneFile(const OneFile&) = delete;
  OneFile& operator=(const OneFile&) = delete;
  int fd() const { return fd_; }
  const fs::path& path() const { return path_; }

 private:
  int fd_ = -1;
  fs::path path_;
};

}  // namespace

fs::path as_file(std::span<const std::uint8_t> bytes) {
  static const OneFile file;
  if (file.fd() < 0 || ::ftruncate(file.fd(), 0) != 0 ||
      ::pwrite(file.fd(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  return file.path();
}

NumPyFiles::NumPyFiles() {
  std::string pattern = (fs::temp_directory_path() / "dsx-fuzz-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  constexpr std::size_t kImages = 8, kSide = 6;
  std::ofstream pixels(folder_ / "pixels.raw"), labels(folder_ / "labels.raw");
  for (std::size_t i = 0; i < kImages * kSide * kSide; ++i) pixels.put(static_cast<char>(i * 7));
  for (std::size_t i = 0; i < kImages; ++i) labels.put(static_cast<char>(i % 2));
  pixels.close();
  labels.close();
  const std::string command = fmt::format("/usr/bin/python3 {}/tests/data/write_arrays.py {} {} {} {} 1",
                                          DOWNSCALEXR_SOURCE_DIR, folder_.string(), kImages, kSide, kSide);
  if (std::system(command.c_str()) != 0) fmt::print(stderr, "no seeds by NumPy (python3-numpy is missing)\n");
}

NumPyFiles::~NumPyFiles() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace dsx::fuzz

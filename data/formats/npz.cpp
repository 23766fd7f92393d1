// libzip checks the directory's structure when it opens an archive, and each member's checksum at its end.
#include "data/formats/npz.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <string_view>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kMaxMembers = 1000;        // MedMNIST has 6
constexpr std::uint64_t kMaxDeflateRatio = 1032;  // of the format itself (zlib's algorithm.txt)
constexpr std::uint64_t kMaxMemberBytes = std::uint64_t{1} << 40;

class Member : public ByteSource {
 public:
  Member(std::string name, std::uint64_t size, std::shared_ptr<zip> archive, zip_file_t* file)
      : ByteSource(std::move(name), size), archive_(std::move(archive)), file_(file, zip_fclose) {}

 protected:
  std::size_t read_some(std::span<std::uint8_t> out) override {
    const zip_int64_t got = zip_fread(file_.get(), out.data(), out.size());
    if (got < 0) fail(fmt::format("damaged: {}", zip_file_strerror(file_.get())));
    return static_cast<std::size_t>(got);
  }

 private:
  std::shared_ptr<zip> archive_;  // outlives the stream
  std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file_;
};

std::string text_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

Npz::Npz(const fs::path& path) : name_(path.string()) {
  int code = 0;
  archive_.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code), zip_discard);
  if (!archive_)
    fail(fmt::format("not a readable .npz (zip) archive, perhaps a truncated one: {}", text_of(code)));
  list_members();
}

Npz::Npz(std::string name, std::span<const std::uint8_t> bytes) : name_(std::move(name)) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) {
    archive_.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error), zip_discard);
    if (!archive_) zip_source_free(source);
  }
  const std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive_) fail(fmt::format("not a readable .npz (zip) archive, perhaps a truncated one: {}", text));
  list_members();
}

void Npz::list_members() {
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  if (count > kMaxMembers) fail(fmt::format("an archive of {} members is refused", count));
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* raw = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    std::string name = raw == nullptr ? "" : raw;
    if (!name.ends_with(".npy")) continue;
    name.resize(name.size() - 4);
    if (!members_.emplace(name, static_cast<std::uint64_t>(i)).second)
      fail(fmt::format("damaged: holds '{:.100}' twice", name));
  }
}

std::vector<std::string> Npz::names() const {
  std::vector<std::string> all;
  for (const auto& [name, index] : members_) all.push_back(name);
  return all;
}

std::unique_ptr<ByteSource> Npz::open(const std::string& array) const {
  const auto found = members_.find(array);
  if (found == members_.end()) fail(fmt::format("has no array '{}'", array));
  zip_stat_t status;
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(archive_.get(), found->second, 0, &status) != 0 || (status.valid & kNeeded) != kNeeded)
    fail(fmt::format("damaged: '{}' has no readable entry", array));
  if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE)
    fail(fmt::format("'{}' is compressed by method {}; numpy.savez_compressed writes what is read", array,
                     status.comp_method));
  const std::uint64_t ratio = status.comp_method == ZIP_CM_STORE ? 1 : kMaxDeflateRatio;
  if (status.size > kMaxMemberBytes || status.size / ratio > status.comp_size)
    fail(fmt::format("'{}' claims {} bytes in {} compressed ones, which cannot be", array, status.size,
                     status.comp_size));
  zip_file_t* file = zip_fopen_index(archive_.get(), found->second, 0);
  if (file == nullptr) fail(fmt::format("'{}' cannot be read: {}", array, zip_strerror(archive_.get())));
  return std::make_unique<Member>(fmt::format("{}: {}", name_, array), status.size, archive_, file);
}

void Npz::fail(const std::string& what) const { throw DataError(fmt::format("{}: {}", name_, what)); }

std::string zip_contents(const fs::path& path) {
  int code = 0;
  const std::unique_ptr<zip, void (*)(zip*)> archive(zip_open(path.c_str(), ZIP_RDONLY, &code), zip_discard);
  if (!archive) return fmt::format("not a readable zip archive: {}", text_of(code));
  const auto has_end = [](const std::string& name, std::string_view end) { return name.ends_with(end); };
  const zip_int64_t count = std::min<zip_int64_t>(zip_get_num_entries(archive.get(), 0), kMaxMembers);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* raw = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    const std::string name = raw == nullptr ? "" : raw;
    if (has_end(name, "data.pkl"))
      return "a PyTorch file (pickled), which is a program and never loaded; save weights as .safetensors";
    for (const char* image : {".png", ".jpg", ".jpeg", ".tif", ".dcm", ".PNG", ".JPG", ".JPEG"})
      if (has_end(name, image)) return "a zip archive of images; unpack it and give the folder";
  }
  return "";
}

}  // namespace dsx::data

// Listing a data folder: one stat per file, so that a cached import is found again in milliseconds.
#include "data/sources/folder.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <regex>

#include "data/formats/image_file.hpp"
#include "data/io/files.hpp"
#include "data/sources/binary_classes.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<Split> split_of_folder(const std::string& name) {
  static const std::map<std::string, Split> known = {{"train", Split::train},    {"training", Split::train},
                                                     {"val", Split::val},        {"valid", Split::val},
                                                     {"validation", Split::val}, {"dev", Split::val},
                                                     {"test", Split::test},      {"testing", Split::test}};
  const auto found = known.find(lower(name));
  if (found == known.end()) return std::nullopt;
  return found->second;
}

struct Member {
  std::string name;
  bool folder = false;
  std::int64_t size = 0, modified_ns = 0;
};

// Visible folders and regular files, by name; links are followed.
std::vector<Member> members_of(const fs::path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(folder.c_str()), ::closedir);
  if (!handle)
    throw DataError(fmt::format("{}: cannot read this folder: {}", folder.string(), std::strerror(errno)));
  std::vector<Member> members;
  while (const dirent* entry = ::readdir(handle.get())) {
    if (entry->d_name[0] == '.') continue;
    struct stat status {};
    if (::fstatat(::dirfd(handle.get()), entry->d_name, &status, 0) != 0) continue;  // a dangling link
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) continue;
    members.push_back({entry->d_name, S_ISDIR(status.st_mode), status.st_size,
                       std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec});
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  return members;
}

struct Found {
  std::string name, class_name;
  Split split;
  std::int64_t size, modified_ns;
};

constexpr int kMaxDepth = 16;  // of folders below a class folder: a loop of links must end

void collect_images(const fs::path& folder, const std::string& relative, const std::string& class_name,
                    Split split, int depth, std::vector<Found>& found) {
  if (depth > kMaxDepth) throw DataError(fmt::format("{}: folders nested too deeply", folder.string()));
  for (const Member& member : members_of(folder)) {
    const std::string name = relative + "/" + member.name;
    if (member.folder) {
      collect_images(folder / member.name, name, class_name, split, depth + 1, found);
    } else if (is_image_name(member.name)) {
      found.push_back({name, class_name, split, member.size, member.modified_ns});
    }
  }
}

void collect_classes(const fs::path& folder, const std::string& prefix, Split split,
                     std::vector<Found>& found) {
  for (const Member& member : members_of(folder))
    if (member.folder)
      collect_images(folder / member.name, prefix + member.name, member.name, split, 0, found);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

// The same in every split, in the order that makes the second of two positive.
std::vector<std::string> common_classes(const fs::path& root, const std::vector<Found>& found) {
  std::map<Split, std::vector<std::string>> by_split;
  for (const Found& image : found) {
    std::vector<std::string>& names = by_split[image.split];
    if (std::find(names.begin(), names.end(), image.class_name) == names.end())
      names.push_back(image.class_name);
  }
  for (auto& [split, names] : by_split) std::sort(names.begin(), names.end());
  const auto& [first_split, names] = *by_split.begin();
  for (const auto& [split, others] : by_split)
    if (others != names)
      throw DataError(fmt::format(
          "{}: classes differ between splits: {} has images of {}; {} of {}; give both the same class "
          "folders",
          root.string(), to_string(first_split), joined(names), to_string(split), joined(others)));
  if (names.size() < 2)
    throw DataError(
        fmt::format("{}: needs images of two classes, found {} ({}); expected e.g. "
                    "train/NORMAL, train/PNEUMONIA, test/NORMAL, test/PNEUMONIA",
                    root.string(), names.size(), joined(names)));
  const auto is_negative = [](const std::string& name) {
    const std::string plain = lower(name);
    return plain == "normal" || plain == "healthy" || plain == "negative";
  };
  if (names.size() == 2 && !is_negative(names[0]) && is_negative(names[1])) return {names[1], names[0]};
  return names;
}

}  // namespace

FolderListing scan_folder(const fs::path& root, const std::string& positive) {
  std::error_code error;
  FolderListing listing;
  listing.root = fs::canonical(root, error);
  if (error)
    throw DataError(fmt::format("{}: {}; give a folder of class folders", root.string(), error.message()));
  if (!fs::is_directory(listing.root)) throw DataError(fmt::format("{}: not a folder", root.string()));
  std::vector<Found> found;
  bool split_folders = false;
  for (const Member& member : members_of(listing.root)) {
    const std::optional<Split> split = split_of_folder(member.name);
    if (!member.folder || !split) continue;
    split_folders = true;
    collect_classes(listing.root / member.name, member.name + "/", *split, found);
  }
  if (!split_folders) collect_classes(listing.root, "", Split::train, found);
  if (found.empty())
    throw DataError(
        fmt::format("{}: no images (jpg, jpeg, png, tif, tiff, dcm) in class folders; expected e.g. "
                    "train/NORMAL, train/PNEUMONIA, test/NORMAL, test/PNEUMONIA",
                    root.string()));
  const BinaryClasses classes = binary_classes(common_classes(root, found), positive, root.string());
  listing.class_names = classes.names;
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.name < b.name; });
  std::string text;
  for (const Found& image : found) {
    listing.entries.push_back({image.name, classes.label.at(image.class_name), image.split});
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\n", image.name, image.size, image.modified_ns);
  }
  listing.digest = sha256_hex(text + positive);
  return listing;
}

std::string subject_from_name(const std::string& name) {
  static const std::regex patterns(R"(^(person\d+)_|^((?:NORMAL2-)?IM-\d+)-)");
  const std::string base = fs::path(name).filename().string();
  std::smatch match;
  if (!std::regex_search(base, match, patterns)) return name;
  return match[1].matched ? match[1].str() : match[2].str();
}

}  // namespace dsx::data

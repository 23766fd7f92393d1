// From a walk's paths to splits and classes.
#include "data/sources/folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

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

struct Found {
  const ScannedFile* file;
  std::string class_name;
  Split split;
};

bool has_split_folders(const FolderScan& scan) {
  return std::any_of(scan.files.begin(), scan.files.end(), [](const ScannedFile& file) {
    return file.parts.size() > 1 && split_of_name(file.parts[0]).has_value();
  });
}

// Where the class's folder stands in a path; what is not in one is left out.
std::vector<Found> in_class_folders(FolderScan& scan, bool split_folders) {
  const std::size_t depth = split_folders ? 1 : 0;
  std::vector<Found> found;
  for (const ScannedFile& file : scan.files) {
    const std::optional<Split> split = split_folders ? split_of_name(file.parts[0]) : Split::train;
    if (!split) {
      scan.left_out.add("beside the folders of the splits", file.name);
    } else if (file.parts.size() < depth + 2) {
      scan.left_out.add("in no folder of a class", file.name);
    } else {
      found.push_back({&file, file.parts[depth], *split});
    }
  }
  return found;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

// "; did you mean set/chest_xray?": the one folder that was taken for a class has folders of images itself.
std::string deeper_text(const fs::path& root, const std::vector<Found>& found) {
  std::map<std::string, std::set<std::string>> below;
  for (const Found& image : found) {
    const std::vector<std::string>& parts = image.file->parts;
    if (parts.size() > 2 && parts[0] == image.class_name) below[parts[0]].insert(parts[1]);
  }
  for (const auto& [name, folders] : below)
    if (folders.size() > 1) return fmt::format("; did you mean {}?", (root / name).string());
  return "";
}

// The same in every split, sorted.
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
                    "train/NORMAL, train/PNEUMONIA, test/NORMAL, test/PNEUMONIA{}",
                    root.string(), names.size(), joined(names), deeper_text(root, found)));
  return names;
}

[[noreturn]] void refuse_empty(const fs::path& root, const LeftOut& left_out) {
  std::string text;
  for (const std::string& line : left_out.lines()) text += "; " + line;
  throw DataError(
      fmt::format("{}: no images (jpg, png, tif, bmp, webp, dcm) in class folders; expected e.g. "
                  "train/NORMAL, train/PNEUMONIA, test/NORMAL, test/PNEUMONIA{}",
                  root.string(), text));
}

}  // namespace

std::optional<Split> split_of_name(const std::string& name) {
  static const std::map<std::string, Split> known = {{"train", Split::train},    {"training", Split::train},
                                                     {"val", Split::val},        {"valid", Split::val},
                                                     {"validation", Split::val}, {"dev", Split::val},
                                                     {"test", Split::test},      {"testing", Split::test}};
  const auto found = known.find(lower(name));
  if (found == known.end()) return std::nullopt;
  return found->second;
}

FolderListing scan_folder(const fs::path& root, const std::string& positive) {
  std::error_code error;
  FolderListing listing;
  listing.root = fs::canonical(root, error);
  if (error)
    throw DataError(fmt::format("{}: {}; give a folder of class folders", root.string(), error.message()));
  if (!fs::is_directory(listing.root)) throw DataError(fmt::format("{}: not a folder", root.string()));
  FolderScan scan = scan_images(listing.root);
  const bool split_folders = has_split_folders(scan);
  const std::vector<Found> found = in_class_folders(scan, split_folders);
  if (found.empty()) refuse_empty(root, scan.left_out);
  const BinaryClasses classes = binary_classes(common_classes(root, found), positive, root.string());
  listing.class_names = classes.names;
  std::string text;
  for (const Found& image : found) {
    const ScannedFile& file = *image.file;
    listing.entries.push_back({file.name, classes.label.at(image.class_name), image.split});
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\n", file.name, file.size, file.modified_ns);
  }
  listing.left_out = scan.left_out.lines();
  listing.digest = sha256_hex(text + positive);
  return listing;
}

}  // namespace dsx::data

// One stat per file, so that a cached import is found again in milliseconds; only files with unknown endings
// are opened.
#include "data/sources/scan.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <regex>
#include <set>
#include <utility>

#include "data/formats/content.hpp"
#include "data/sources/name_words.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxDepth = 24;

constexpr const char* kHidden = "hidden (names that begin with a dot)";
constexpr const char* kLoop = "linked back to a folder above";
constexpr const char* kBroken = "linked to nothing, or not a file";
constexpr const char* kMasks = "as masks or annotations";
constexpr const char* kIndex = "as indexes of DICOM folders";
constexpr const char* kSystem = "of the system's own";
constexpr const char* kOther = "of other kinds";

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

struct Member {
  std::string name;
  struct stat status {};
  bool is_there = false;
};

// By name; links are followed.
std::vector<Member> members_of(const fs::path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(folder.c_str()), ::closedir);
  if (!handle)
    throw DataError(fmt::format("{}: cannot read this folder: {}", folder.string(), std::strerror(errno)));
  std::vector<Member> members;
  while (const dirent* entry = ::readdir(handle.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    Member member{name};
    member.is_there = ::fstatat(::dirfd(handle.get()), entry->d_name, &member.status, 0) == 0;
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  return members;
}

bool has_image_ending(const std::string& name) {
  const std::string extension = lower_case(fs::path(name).extension().string());
  for (const char* known :
       {".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"})
    if (extension == known) return true;
  return false;
}

// "masks", "Ground-truths"; within a class also "leftMask", "lung masks": classes may be called "with mask".
bool is_mask_folder(const std::string& name, bool in_class) {
  static const std::set<std::string> known = {
      "mask",        "masks",     "segmentation", "segmentations", "seg",       "segs",     "annotation",
      "annotations", "labels",    "gt",           "heatmaps",      "heatmap",   "contours", "contour",
      "outlines",    "outline",   "overlays",     "overlay",       "roi",       "rois",     "preview",
      "previews",    "thumbnail", "thumbnails",   "thumb",         "thumbs",    "gradcam",  "bbox",
      "bboxes",      "saliency",  "groundtruth",  "groundtruths",  "annotated", "annot",    "label",
      "msk",         "msks"};
  const std::vector<std::string> words = words_in(name);
  if (words.size() == 2 && words[0] == "ground" && words[1].starts_with("truth")) return true;
  if (words.size() == 1) return known.contains(words[0]);
  return in_class && std::any_of(words.begin(), words.end(),
                                 [](const std::string& word) { return known.contains(word); });
}

// "masks", "annotations": of what lies beside; a class has its name in the singular.
bool is_plural(const std::string& name) { return lower_case(name).ends_with('s'); }

// Made by systems and programs beside what they hold: small copies of images, the trash.
bool is_system_folder(const std::string& name) {
  static const std::set<std::string> known = {
      "__macosx",   "@eadir", "#recycle",  "$recycle.bin",
      "lost+found", "@tmp",   "#snapshot", "system volume information",
      "__pycache__"};
  return known.contains(lower_case(name));
}

// Beside which a folder of masks is one: a class may be called mask, too.
bool is_image_folder(const std::string& name) {
  static const std::set<std::string> known = {"image", "images", "img",      "imgs",      "scan",  "scans",
                                              "raw",   "data",   "original", "originals", "x-ray", "x-rays",
                                              "xray",  "xrays",  "cxr",      "photo",     "photos"};
  return known.contains(lower_case(name));
}

bool is_split_folder(const std::string& name) {
  static const std::set<std::string> known = {"train",      "training", "val",  "valid",
                                              "validation", "dev",      "test", "testing"};
  return known.contains(lower_case(name));
}

// "scan_mask.png", "scan_mask_1.png", "mask-scan.png", "scan.seg.png": what is masked, in lower case; "" when
// the name says nothing of a mask.
std::string masked_stem(const std::string& name) {
  static const std::regex behind(
      R"(^(.+?)(?:[ _.-](?:(?:pred|manual|binary|left|right|lungs?|heart)[ _-]?)?)"
      R"((?:masks?|msk|seg|segmentation|annot|annotation|annotated|label|gt|groundtruth|contour|roi|overlay|)"
      R"(superpixels?|heatmap|preview|thumb|thumbnail|gradcam|bbox)|mask)(?:[ _-]?(?:\d+|left|right))?$)",
      std::regex::icase);
  static const std::regex before(R"(^(?:mask|seg|segmentation|gt|label)[ _.-](.+)$)", std::regex::icase);
  std::smatch match;
  const std::string stem = fs::path(name).stem().string();
  const bool found = std::regex_match(stem, match, behind) || std::regex_match(stem, match, before);
  return found ? lower_case(match[1].str()) : "";
}

// "scan" of scan_image.png.
std::string image_stem(const std::string& name) {
  static const std::regex pattern(R"(^(.+?)[ _.-](?:image|img|original|orig|xray|x-ray|cxr|scan)$)",
                                  std::regex::icase);
  std::smatch match;
  const std::string stem = fs::path(name).stem().string();
  return lower_case(std::regex_match(stem, match, pattern) ? match[1].str() : stem);
}

class Walk {
 public:
  explicit Walk(fs::path root) : root_(std::move(root)) {}

  FolderScan run() {
    struct stat status {};
    if (::stat(root_.c_str(), &status) != 0)
      throw DataError(fmt::format("{}: {}", root_.string(), std::strerror(errno)));
    visit(root_, status, {});
    std::sort(scan_.files.begin(), scan_.files.end(),
              [](const ScannedFile& a, const ScannedFile& b) { return a.name < b.name; });
    return std::move(scan_);
  }

 private:
  using Place = std::pair<dev_t, ino_t>;
  // What else the same folder holds.
  struct Beside {
    bool images = false;            // or a folder of them
    bool in_class = false;          // below a folder that may be a class's
    bool classes = false;           // two folders at least that may be a class's
    std::set<std::string> stems;    // of what is no mask by its name, also without "_image" at their end
    std::set<std::string> folders;  // in lower case
  };

  static std::string joined(const std::vector<std::string>& parts, const std::string& name) {
    std::string text;
    for (const std::string& part : parts) text += part + "/";
    return text + name;
  }

  // Two folders at least that are none of masks, and whose names do not speak of any.
  static bool has_classes(const std::vector<Member>& members) {
    std::size_t count = 0;
    for (const Member& member : members) {
      if (!member.is_there || !S_ISDIR(member.status.st_mode) || member.name[0] == '.' ||
          is_system_folder(member.name) || is_mask_folder(member.name, false))
        continue;
      if (is_mask_folder(member.name, true) || lower_case(member.name).find("mask") != std::string::npos)
        return false;
      ++count;
    }
    return count >= 2;
  }

  void visit(const fs::path& folder, const struct stat& status, const std::vector<std::string>& parts) {
    if (parts.size() > kMaxDepth)
      throw DataError(fmt::format("{}: folders nested too deeply", folder.string()));
    above_.push_back({status.st_dev, status.st_ino});
    const std::vector<Member> members = members_of(folder);
    Beside beside;
    beside.in_class = parts.size() > (!parts.empty() && is_split_folder(parts[0]) ? 1U : 0U);
    beside.classes = !beside.in_class && has_classes(members);
    for (const Member& member : members) {
      const bool is_folder = member.is_there && S_ISDIR(member.status.st_mode);
      // Within a class any folder beside one of masks holds what they are of.
      const bool other = beside.in_class && member.name[0] != '.' && !is_system_folder(member.name) &&
                         !is_mask_folder(member.name, true);
      beside.images |= is_folder ? other || is_image_folder(member.name) : has_image_ending(member.name);
      if (is_folder) beside.folders.insert(lower_case(member.name));
      if (is_folder || !masked_stem(member.name).empty()) continue;
      beside.stems.insert(lower_case(fs::path(member.name).stem().string()));
      beside.stems.insert(image_stem(member.name));
    }
    for (const Member& member : members) take(folder, member, parts, beside);
    above_.pop_back();
  }

  void take(const fs::path& folder, const Member& member, const std::vector<std::string>& parts,
            const Beside& beside) {
    const std::string name = joined(parts, member.name);
    if (member.name[0] == '.') return scan_.left_out.add(kHidden, name);
    if (!member.is_there) return scan_.left_out.add(kBroken, name);
    if (S_ISDIR(member.status.st_mode)) {
      if (std::find(above_.begin(), above_.end(), Place{member.status.st_dev, member.status.st_ino}) !=
          above_.end())
        return scan_.left_out.add(kLoop, name);
      if (is_system_folder(member.name)) return scan_.left_out.add(kSystem, name, 1, "folder");
      std::vector<std::string> below = parts;
      below.push_back(member.name);
      // "COVID_masks" beside COVID, or one of masks beside what they are of.
      const bool of_masks = beside.folders.contains(masked_stem(member.name)) ||
                            (is_mask_folder(member.name, beside.in_class) &&
                             (beside.images || (beside.classes && is_plural(member.name))));
      const bool was_mask = std::exchange(in_masks_, in_masks_ || of_masks);
      visit(folder / member.name, member.status, below);
      in_masks_ = was_mask;
      return;
    }
    if (!S_ISREG(member.status.st_mode)) return scan_.left_out.add(kBroken, name);
    if (lower_case(member.name) == "dicomdir") return scan_.left_out.add(kIndex, name);
    if (!has_image_ending(member.name) && !is_image(file_kind_of(first_bytes(folder / member.name))))
      return scan_.left_out.add(kOther, name);
    const std::string stem = masked_stem(member.name);
    if (in_masks_ || (!stem.empty() && beside.stems.contains(stem))) return scan_.left_out.add(kMasks, name);
    ScannedFile file{
        name, parts, member.status.st_size,
        std::int64_t{member.status.st_mtim.tv_sec} * 1'000'000'000 + member.status.st_mtim.tv_nsec};
    file.parts.push_back(member.name);
    scan_.files.push_back(std::move(file));
  }

  fs::path root_;
  bool in_masks_ = false;
  std::vector<Place> above_;
  FolderScan scan_;
};

}  // namespace

void LeftOut::add(const std::string& why, const std::string& example, std::size_t count,
                  const std::string& thing) {
  Some& some = by_reason_[why];
  some.thing = thing;
  if (some.count == 0 || example < some.example) some.example = example;
  some.count += count;
}

void LeftOut::add(const LeftOut& others) {
  for (const auto& [why, some] : others.by_reason_) add(why, some.example, some.count, some.thing);
}

std::vector<std::string> LeftOut::lines() const {
  std::vector<std::string> lines;
  for (const auto& [why, some] : by_reason_)
    lines.push_back(fmt::format("left out: {} {}, e.g. {}", counted(some.count, some.thing), why,
                                one_line(some.example)));
  return lines;
}

FolderScan scan_images(const fs::path& root) { return Walk(root).run(); }

}  // namespace dsx::data

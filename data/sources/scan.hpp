// The one walk over folders of images: training, showing, auditing, importing and predicting all see the same
// files, and can name what was left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace dsx::data {

// Why files or folders are left out, in words for people, each with a count and an example.
class LeftOut {
 public:
  // `thing`: what is counted, "file" or "array"; the same for all of a reason.
  void add(const std::string& why, const std::string& example, std::size_t count = 1,
           const std::string& thing = "file");
  void add(const LeftOut& others);
  bool empty() const { return by_reason_.empty(); }
  std::vector<std::string> lines() const;  // "left out: 8 files of other kinds, e.g. A/scan.webp"

 private:
  struct Some {
    std::size_t count = 0;
    std::string example, thing;  // the first by name
  };
  std::map<std::string, Some> by_reason_;
};

struct ScannedFile {
  std::string name;                // relative to the root, with '/'
  std::vector<std::string> parts;  // of the name: folders, then the file
  std::int64_t size = 0, modified_ns = 0;
};

struct FolderScan {
  std::vector<ScannedFile> files;  // images, by name
  LeftOut left_out;
};

// Images below `root`, at any depth, links followed: files whose names end like an image's (jpg, jpeg, jfif,
// png, tif, tiff, bmp, webp, dcm, dicom), and others whose content is an image's (DICOM files often have no
// extension). Left out: hidden files and folders, those of the system (__MACOSX, @eaDir), links that lead
// back to where they are, folders and files of masks beside their images, indexes, everything else. Throws
// DataError for a folder that cannot be read, or folders nested absurdly.
FolderScan scan_images(const std::filesystem::path& root);

}  // namespace dsx::data

// What is in a folder of class folders, with or without train/val/test above them, without opening any image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "data/sources/scan.hpp"

namespace dsx::data {

struct FolderEntry {
  std::string name;  // relative to the root, with '/'
  int label = 0;
  Split split = Split::train;
  std::string subject = "";  // where a table of labels says it; otherwise names or the image's file do
};

struct FolderListing {
  std::filesystem::path root;        // canonical
  std::vector<FolderEntry> entries;  // by name
  std::vector<std::string> class_names;
  std::vector<std::string> left_out;  // lines for people: what is there and is not taken
  std::string digest;  // SHA-256 over names, sizes and modification times: changes with the folder
};

// "Training": the split that a folder or a table's word of this name stands for; nothing for another name.
std::optional<Split> split_of_name(const std::string& name);

// Split folders are train|training, val|valid|validation|dev, test|testing in any case; folders beside them
// are left out. Without split folders all images are train. Images may lie in folders below their class
// folder. Which class is positive: binary_classes.hpp. Throws DataError unless every split has images of the
// same classes.
FolderListing scan_folder(const std::filesystem::path& root, const std::string& positive = "");

}  // namespace dsx::data

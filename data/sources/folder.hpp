// What is in a folder of class folders, with or without train/val/test above them, without opening any image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::data {

struct FolderEntry {
  std::string name;  // relative to the root, with '/'
  int label = 0;
  Split split = Split::train;
};

struct FolderListing {
  std::filesystem::path root;        // canonical
  std::vector<FolderEntry> entries;  // by name
  std::vector<std::string> class_names;
  std::string digest;  // SHA-256 over names, sizes and modification times: changes with the folder
};

// Split folders are train|training, val|valid|validation|dev, test|testing in any case; folders beside them
// are ignored. Without split folders all images are train. Images may lie in folders below their class
// folder. Class names are sorted; a class called normal, healthy or negative (any case) is label 0.
// `positive` makes two classes of more (binary_classes.hpp). Throws DataError unless every split has images
// of the same classes.
FolderListing scan_folder(const std::filesystem::path& root, const std::string& positive = "");

// "person1000" from person1000_bacteria_2931, "IM-0115" from IM-0115-0001, "NORMAL2-IM-0381" from
// NORMAL2-IM-0381-0001 (Kermany et al. 2018); otherwise the name itself.
std::string subject_from_name(const std::string& name);

}  // namespace dsx::data

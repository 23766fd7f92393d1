// A folder of images whose labels stand in a table, as the large public sets of chest X-rays come.
#pragma once

#include <filesystem>
#include <string>

#include "data/sources/folder.hpp"
#include "data/sources/label_options.hpp"

namespace dsx::data {

// What the folder `root` and the table have in common: images are matched by path (the table's may begin
// above or below `root`), else by file name, else by file name without its ending. With a finding, classes
// are "no Pneumonia" and "Pneumonia"; with a column of classes binary_classes() decides. What the table names
// and the folder lacks, and the other way round, is left out and said, as is everything that was chosen.
// Several rows of one image must agree. Throws DataError for a table that cannot be read, that names no image
// of the folder, or that contradicts itself, ConfigError for a finding that it does not have.
FolderListing scan_labelled(const std::filesystem::path& root, const LabelOptions& options,
                            const std::string& positive);

}  // namespace dsx::data

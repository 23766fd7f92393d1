// The kinds of sources that `--data` may name: one table, from which opening, importing and the messages
// about unknown sources are made. A new kind is one row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sources/data_options.hpp"
#include "data/sources/dataset.hpp"
#include "data/sources/image_source.hpp"

namespace dsx::data {

struct SourceKind {
  std::string name;  // "a folder of class folders"
  bool (*matches)(const std::string& source);
  // How to get its images, one by one: it is imported, into the user's cache or by `study data import`. Null
  // where `open` is not.
  std::unique_ptr<ImageSource> (*images)(const DataOptions& options);
  std::unique_ptr<Dataset> (*open)(const DataOptions& options);  // as it is
};

const std::vector<SourceKind>& source_kinds();

// The first row that matches. Throws DataError that lists the kinds where there is no such source.
const SourceKind& source_kind_of(const std::string& source);

}  // namespace dsx::data

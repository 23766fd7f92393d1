// How a table tells the labels of a folder's images, where class folders do not: `--labels` and its company.
#pragma once

#include <filesystem>
#include <string>

namespace dsx::data {

struct LabelOptions {
  std::filesystem::path file;  // a CSV file; empty: class folders tell
  std::string finding;         // what makes an image positive, "Pneumonia"; empty: chosen and said
  std::string uncertain =
      "leave-out";      // images whose finding is neither there nor not: leave-out, negative, positive
  std::string columns;  // "image=File,finding=Label,subject=Id,split=Set": for layouts that are not known

  bool given() const { return !file.empty(); }
};

}  // namespace dsx::data

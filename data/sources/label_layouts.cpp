#include "data/sources/label_layouts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

using Findings = LabelLayout::Findings;

bool fits(const CsvTable& table, const LabelLayout& layout) {
  const auto has = [&](const std::string& column) {
    return column.empty() || table.find(column).has_value();
  };
  return has(layout.image) && has(layout.finding) && has(layout.subject) && has(layout.split);
}

// "image=File,finding=Label": names and columns, the latter checked.
LabelLayout chosen_layout(const CsvTable& table, const std::string& columns, const std::string& where) {
  LabelLayout layout{"columns of --label-columns", "", Findings::value, "", "", "", ""};
  std::istringstream in(columns);
  for (std::string word; std::getline(in, word, ',');) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals),
                      column = equals == std::string::npos ? "" : word.substr(equals + 1);
    std::string* place = key == "image"     ? &layout.image
                         : key == "finding" ? &layout.finding
                         : key == "subject" ? &layout.subject
                         : key == "split"   ? &layout.split
                                            : nullptr;
    if (place == nullptr || column.empty())
      throw ConfigError(
          fmt::format("label_columns: '{}': expected image=COLUMN,finding=COLUMN and, if there are, "
                      "subject=COLUMN,split=COLUMN",
                      word));
    if (!table.find(column))
      throw ConfigError(fmt::format("label_columns: {} has no column '{}', but {}", where, column,
                                    fmt::join(table.columns, ", ")));
    *place = column;
  }
  if (layout.image.empty())
    throw ConfigError("label_columns: image=COLUMN is missing: what names the images");
  // Without a column of its own, each finding is one.
  if (layout.finding.empty()) layout.findings = Findings::columns;
  const auto lists = [&](const auto& row) {
    return row[*table.find(layout.finding)].find('|') != std::string::npos;
  };
  if (!layout.finding.empty() && std::any_of(table.rows.begin(), table.rows.end(), lists))
    layout.findings = Findings::list;
  return layout;
}

}  // namespace

const std::vector<LabelLayout>& label_layouts() {
  static const std::vector<LabelLayout> layouts = {
      {"NIH ChestX-ray14", "Image Index", Findings::list, "Finding Labels", "Patient ID", "", ""},
      {"RSNA Pneumonia Challenge", "patientId", Findings::value, "Target", "patientId", "", "Pneumonia"},
      {"CheXpert", "Path", Findings::columns, "", "", "", ""},
      {"a table of images and labels", "image", Findings::value, "label", "subject", "split", ""},
      {"a table of images and labels", "image", Findings::value, "label", "subject", "", ""},
      {"a table of images and labels", "image", Findings::value, "label", "", "", ""},
      {"a table of files and labels", "filename", Findings::value, "label", "", "", ""},
  };
  return layouts;
}

LabelLayout layout_of(const CsvTable& table, const std::string& columns, const std::string& where) {
  if (!columns.empty()) return chosen_layout(table, columns, where);
  std::string known;
  for (const LabelLayout& layout : label_layouts()) {
    if (fits(table, layout)) return layout;
    known += fmt::format("{}{} ({}{}{})", known.empty() ? "" : "; ", layout.name, layout.image,
                         layout.finding.empty() ? "" : ", ", layout.finding);
  }
  throw DataError(
      fmt::format("{}: its columns ({}) are of no layout that is known: {}; name them with --label-columns "
                  "image=COLUMN,finding=COLUMN",
                  where, fmt::join(table.columns, ", "), known));
}

}  // namespace dsx::data

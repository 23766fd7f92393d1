// How public sets of chest X-rays write their labels down: one row per layout, known by its columns.
#pragma once

#include <string>
#include <vector>

#include "data/formats/csv_table.hpp"

namespace dsx::data {

struct LabelLayout {
  enum class Findings {
    list,    // one column, several findings parted by '|': "Effusion|Pneumonia"
    value,   // one column with one of a few values: "1", "NORMAL"
    columns  // each finding is a column with 1, 0, -1 (uncertain) or nothing
  };
  std::string name;   // of the set
  std::string image;  // column that names the image: its path, file name, or that without its ending
  Findings findings = Findings::value;
  std::string finding;  // column of a list or of values
  std::string subject;  // column; "": told by the images' names
  std::string split;    // column of train, val, test; "": folders or fractions
  std::string means;    // what 1 means in a column of values 0 and 1; "": the values are classes' names
};

const std::vector<LabelLayout>& label_layouts();

// By `columns` ("image=A,finding=B,...") or, where that is empty, the first row whose columns are there.
// Throws ConfigError for words or columns that are not, DataError that lists the layouts when none fits.
LabelLayout layout_of(const CsvTable& table, const std::string& columns, const std::string& where);

}  // namespace dsx::data

// Which classes count as positive: what makes a binary task of a data set, whatever names or numbers it has
// for its classes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace dsx::data {

struct BinaryClasses {
  std::vector<std::string> names;    // negative, positive; several in one are joined: "1+2"
  std::map<std::string, int> label;  // of each class: 0 or 1
};

// `classes`: those that the data has, in order. `positive`: comma-separated ones of them, or "" where there
// are two: then a name that negates (NORMAL, healthy, non-X, no_X, notX, without X, X_negative, X-free) is
// the negative one ("benign" only beside one that does not), else the first. Throws DataError that names
// `where` and what can be chosen.
BinaryClasses binary_classes(const std::vector<std::string>& classes, const std::string& positive,
                             const std::string& where);

// "positive class: PNEUMONIA; negative: NORMAL", for every place that reports figures of two classes.
std::string polarity_text(const std::vector<std::string>& class_names);

}  // namespace dsx::data

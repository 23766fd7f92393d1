// What a data set holds, counted: images per split and class, subjects, identical files, subjects in two
// splits. Printing is left to study/; deciding what to do about leaks is left to people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::data {

struct SplitSummary {
  Split split = Split::train;
  std::vector<std::size_t> images_per_class;  // by label
  std::size_t subjects = 0;
};

// Items whose source files have the same SHA-256.
struct DuplicateGroup {
  std::vector<std::size_t> indices;  // two or more, ascending
  bool across_splits = false, across_classes = false;
};

struct SharedSubject {
  std::string subject;
  std::vector<Split> splits;  // two or three, in order
  std::size_t images = 0;     // in all of them
};

struct DataSummary {
  std::vector<SplitSummary> splits;  // those that have images, in order
  std::size_t images = 0, subjects = 0;
  std::vector<DuplicateGroup> duplicates;      // by first index
  std::size_t surplus_copies = 0;              // images beyond the first of each group
  std::vector<SharedSubject> shared_subjects;  // by name
};

DataSummary summarize(const Dataset& dataset);

// What every command says about its data: how it was read (Dataset::notes()), and which class is positive.
std::vector<std::string> reading_lines(const Dataset& dataset);

}  // namespace dsx::data

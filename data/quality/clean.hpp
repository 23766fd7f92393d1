// Which images to leave out so that no image, and if asked no subject, stands in a data set twice. What is
// written from that is clean_writer.hpp's business.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/quality/duplicates.hpp"

namespace dsx::data {

enum class DropReason { same_file, same_pixels, near_duplicate, label_conflict, shared_subject };
std::string to_string(DropReason reason);  // "same file", "same pixels", ...

struct Dropped {
  std::size_t index = 0;
  DropReason reason = DropReason::same_file;
  std::size_t kept = 0;  // the image that stays in its place (another one of a conflict; of the subject)
};

struct CleanOptions {
  // Of copies, the one in the earliest of these splits stays; within a split the first. The original study
  // dropped this way.
  std::array<Split, 3> priority = {Split::train, Split::val, Split::test};
  bool near = false;            // drop near duplicates, too
  bool drop_conflicts = false;  // of copies with different labels keep none
  bool by_subject = false;      // a subject's images outside the first of its splits go
};

// "val,train,test" as a priority. Throws ConfigError unless it names each split once.
std::array<Split, 3> priority_from_string(const std::string& text);

// Ascending by index. A near duplicate goes only when an image that it is near to stays, so that a chain of
// small changes does not vanish as one.
std::vector<Dropped> plan_cleaning(const std::vector<Item>& items, const Duplicates& duplicates,
                                   const CleanOptions& options);

}  // namespace dsx::data

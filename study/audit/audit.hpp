// What an audit of a data set finds: copies, leaks, whether size or border alone tell the label, and which
// splits are too small to tell anything. data/ finds the facts, study/statistics/ judges them;
// audit_text, audit_json and audit_page show them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/quality/duplicates.hpp"
#include "data/sources/summary.hpp"
#include "study/statistics/estimate.hpp"

namespace dsx::audit {

// One thing that is not anatomy, and how well it alone ranks the images by label.
struct Shortcut {
  std::string group;  // "image size" or "border"
  std::string name;   // "width", ...; "together": all of the group, cross-validated by subject
  bool together = false;
  statistics::Estimate auc;  // by subject; a single one below .5 ranks the other way round
  double p_corrected = statistics::kNotEstimable;  // Holm's, over everything that an audit tries
  // Does it tell the label? Told from .5 after the correction (a perfect one has no p: by its interval), and
  // above it (single ones: or below).
  bool tells() const;
};
// "tells the label: lower in PNEUMONIA" for an AUC below .5; "" when it does not.
std::string tells_text(const Shortcut& shortcut, const std::string& positive);

// The intervals that a split can give for a classifier of AUC, sensitivity and specificity .90, whatever it
// says.
inline constexpr double kAssumed = 0.90;
inline constexpr double kTooWide = 0.05;  // half-width from which .90 cannot be told from .85

struct SplitPower {
  data::Split split = data::Split::train;
  std::size_t positives = 0, negatives = 0;                       // images
  std::size_t positive_subjects = 0, negative_subjects = 0;       // subjects with such an image
  double auc_half_width = 0, auc_half_width_by_subject = 0;       // Hanley-McNeil; by subject: one image each
  double sensitivity_half_width = 0, specificity_half_width = 0;  // Wilson
  // Judged by images: by subject is the worst case, that a subject's images say all the same.
  bool too_small() const;
};

struct Audit {
  data::DataSummary summary;
  data::DuplicateOptions options;
  data::Duplicates duplicates;
  std::vector<Shortcut> shortcuts;
  std::vector<SplitPower> power;  // by split, as a study splits
  std::vector<data::Split> made;  // splits that the data has not: a study draws them
  std::int64_t split_seed = 1;    // --seed-split of those
};

// `splits`: how a study would make those that are missing; power is judged on them, all else on the data as
// it is. Where they cannot be made (a class with too few subjects), power is of the splits that there are.
Audit audit_of(const data::Dataset& dataset, const std::vector<data::Fingerprint>& fingerprints,
               const data::DuplicateOptions& options, const data::SplitOptions& splits = {});

// "no test: ...": that every seed of a study draws its own, and what to do about it; "" where none is made.
std::string made_splits_text(const Audit& audit);

// What a reader must know, one line each, the worst first; empty when nothing was found.
std::vector<std::string> findings(const Audit& audit);

// "subject in train and test".
std::string splits_text(const std::vector<data::Split>& splits);

}  // namespace dsx::audit

// From a sweep's folder to its finished cells. load_cells() is the one way in: it reads every finished cell
// and refuses what does not belong together. The numbers come from study/statistics; judged.hpp, figures.hpp
// and topics.hpp say how they are put together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "study/settings/settings.hpp"
#include "study/settings/train_images.hpp"
#include "study/sweep/sweep.hpp"
#include "study/training/history.hpp"
#include "study/training/learning_check.hpp"

namespace dsx::analysis {

// What the best checkpoint said of a split, image by image, in the data set's order: columns of one length.
struct SplitPredictions {
  std::vector<std::string> names, subjects;  // subjects: what a bootstrap resamples
  std::vector<float> labels;                 // 0 or 1; the true ones, also of train under label noise
  std::vector<float> logits;                 // of the positive class; finite
  std::size_t size() const { return labels.size(); }
};

struct Cell {
  std::string variant;
  std::uint64_t seed = 1;
  std::string noise_kind = "symmetric";
  double noise = 0;                                 // rate; 0 for the clean labels
  double train_images = settings::kAllTrainImages;  // as asked for: all, a number, a share
  std::filesystem::path folder;
  settings::Settings settings;
  std::string data_digest;  // equal for all cells of a seed
  std::vector<std::string> class_names;
  std::vector<training::EpochRecord> history;
  int best_epoch = 0;
  double logit_threshold = 0;              // largest Youden index on val
  SplitPredictions train, val, test;       // train: the images it learnt from
  std::vector<std::string> flipped_names;  // training images whose labels were wrong
  training::LearningCheck learning;
  const SplitPredictions& of(data::Split split) const {
    return split == data::Split::train ? train : split == data::Split::val ? val : test;
  }
};

sweep::CellSpec spec_of(const Cell& cell);  // what the cell's name says

// Every finished cell below <folder>/cells, ordered by noise, seed and variant; others are left out. Throws
// DataError with file and reason: none finished, a damaged run.h5, two folders with the same cell, settings
// or data that differ where they must be equal.
std::vector<Cell> load_cells(const std::filesystem::path& folder);

}  // namespace dsx::analysis

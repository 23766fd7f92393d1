// Training on fewer images than there are (--train-images): which ones, and how long.
//
// Which: subjects are put in an order by a random key of their own (from the run's seed and the subject's
// name), apart by what they have (only negatives, only positives, both), and images are taken from the front
// of each order in the shares of the whole. So the subsets of a seed are nested (the first 100 are among the
// first 400), hold whole subjects but for the last of each kind, have the classes' shares to an image, and
// are the same for all variants.
//
// How long: an epoch is as many passes over the subset as it fits into the whole training set (rounded down),
// so that a small set is trained for as many steps, with the same schedule, warm-up and patience, as all
// images would be, and is judged on val as often. --train-passes N overrides it (1: an epoch is one pass).
#pragma once

#include <cstddef>
#include <string>

#include "data/sources/dataset.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings.hpp"

namespace dsx::training {

struct TrainSubset {
  settings::SplitData images;  // with true labels, in the data set's order
  std::size_t available = 0;   // training images that there are
  int passes = 1;              // over `images` in each epoch
  bool is_all() const { return images.indices.size() == available; }
};
// Throws ConfigError (more wanted than there are; fewer than a batch), DataError (a class is missing from the
// subset).
TrainSubset choose_train_subset(const data::Dataset& dataset, const settings::Settings& settings);

// "400 of 4,708 training images (--train-images); an epoch is 11 passes over them, ...\n"; "" where all are
// used.
std::string subset_text(const TrainSubset& subset);

}  // namespace dsx::training

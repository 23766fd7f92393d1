// From settings to images: opens the data set that a run names and says how a split becomes batches. The
// work is done in data/; here only the settings are translated, and seeds kept apart.
#pragma once

#include <memory>
#include <vector>

#include "data/loading/batch_loader.hpp"
#include "data/loading/open.hpp"
#include "data/sources/dataset.hpp"
#include "study/settings/settings.hpp"

namespace dsx::settings {

// The seed of one use, derived from the run's (or from the use's own, where that is set): uses do not share
// random numbers, and each can be repeated alone.
enum class SeedUse : std::uint64_t {
  initialisation = 1,
  order = 2,
  split = 3,
  augmentation = 4,
  noise = 5,
  subset = 6
};
std::uint64_t seed_for(const Settings& settings, SeedUse use);

// What decides the images themselves: their source, and what is made of them. Splits, the cache and progress
// are left as they are by default.
data::DataOptions image_options(const Settings& settings);

// Opens settings.data with complete splits. Throws DataError when a split is empty or train lacks a class.
// `progress` shows an import and may be empty.
std::unique_ptr<data::Dataset> open_run_data(const Settings& settings, const data::Progress& progress);

// Reads train and val once on `jobs` threads when the memory cache holds them, so that the first epoch is as
// fast as the others. Does nothing when it does not.
void warm_cache(const data::Dataset& dataset, const Settings& settings, int jobs);
// The same of test, when the cache holds it beside those two.
void warm_cache_of_test(const data::Dataset& dataset, const Settings& settings, int jobs);

// One split as the loader takes it. Labels apart from the data set, so that they can be replaced.
struct SplitData {
  std::vector<std::size_t> indices;
  std::vector<float> labels;
};
SplitData split_data(const data::Dataset& dataset, data::Split split);

// Training: shuffled, augmented, the partial batch at the end left out. Evaluation: in order, every image.
data::LoaderOptions training_loader(const Settings& settings);
data::LoaderOptions evaluation_loader(const Settings& settings);

}  // namespace dsx::settings

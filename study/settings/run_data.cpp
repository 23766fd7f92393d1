// A translation of settings, field by field, and the checks that only make sense for a study.
#include "study/settings/run_data.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"

namespace dsx::settings {
namespace {

void check_split(const data::Dataset& dataset, data::Split split) {
  const SplitData data = split_data(dataset, split);
  const auto positives = std::count(data.labels.begin(), data.labels.end(), 1.F);
  const auto negatives = static_cast<std::ptrdiff_t>(data.labels.size()) - positives;
  if (positives > 0 && negatives > 0) return;
  const std::vector<std::string>& classes = dataset.class_names();
  throw DataError(fmt::format("{}: the {} split has {} of {} and {} of {}; a study needs some of both",
                              dataset.description(), data::to_string(split), counted(negatives, "image"),
                              classes.at(0), positives, classes.at(1)));
}

// -1 where the use follows the run's seed.
std::int64_t own_seed(const Settings& s, SeedUse use) {
  switch (use) {
    case SeedUse::initialisation:
      return s.seed_initialisation;
    case SeedUse::order:
      return s.seed_order;
    case SeedUse::split:
      return s.seed_split;
    case SeedUse::augmentation:
      return s.seed_augmentation;
    case SeedUse::noise:
      return s.seed_noise;
    case SeedUse::subset:
      return s.seed_subset;
  }
  return -1;
}

bool fits_cache(const data::Dataset& dataset, const Settings& settings, std::size_t images) {
  return images * dataset.shape().count() <= static_cast<std::size_t>(settings.data_cache_mib) << 20;
}

data::PreprocessOptions preprocessing(const Settings& s) {
  data::PreprocessOptions options;
  options.mean = s.mean;
  options.std = s.std;
  options.equalize = s.equalize;
  options.sharpen = s.sharpen;
  options.denoise = s.denoise;
  return options;
}

}  // namespace

std::uint64_t seed_for(const Settings& settings, SeedUse use) {
  const std::int64_t own = own_seed(settings, use);
  const std::uint64_t seed = own < 0 ? settings.seed : static_cast<std::uint64_t>(own);
  return Random{seed, static_cast<std::uint64_t>(use)}.bits();
}

data::DataOptions image_options(const Settings& s) {
  data::DataOptions options;
  options.source = s.data;
  options.positive = s.positive;
  options.size = s.size;
  options.channels = s.channels;
  options.resize = data::resize_from_string(s.resize);
  options.intensity = data::intensity_from_string(s.intensity_range);
  options.subject = s.subject;
  options.labels = {s.labels, s.finding, s.uncertain, s.label_columns};
  options.skip_bad_images = s.skip_bad_images;
  options.cache_dir = s.cache_dir;
  options.phantom_seed = s.synthetic_seed;
  options.phantom_train = s.synthetic_train;
  options.phantom_val = s.synthetic_val;
  options.phantom_test = s.synthetic_test;
  return options;
}

std::unique_ptr<data::Dataset> open_run_data(const Settings& s, const data::Progress& progress) {
  data::DataOptions options = image_options(s);
  options.cache_mib = static_cast<std::size_t>(s.data_cache_mib);
  options.splits = {s.val_fraction, s.test_fraction, seed_for(s, SeedUse::split)};
  options.manifest = s.manifest;
  options.progress = progress;
  std::unique_ptr<data::Dataset> dataset = data::open_dataset(options);
  if (dataset->class_names().size() != 2)
    throw DataError(fmt::format("{}: a study needs two classes, these are {}", dataset->description(),
                                dataset->class_names().size()));
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test})
    check_split(*dataset, split);
  return dataset;
}

void warm_cache(const data::Dataset& dataset, const Settings& settings, int jobs) {
  std::vector<std::size_t> indices = data::indices_of(dataset, data::Split::train);
  const std::vector<std::size_t> val = data::indices_of(dataset, data::Split::val);
  indices.insert(indices.end(), val.begin(), val.end());
  if (fits_cache(dataset, settings, indices.size())) data::preload(dataset, indices, jobs);
}

void warm_cache_of_test(const data::Dataset& dataset, const Settings& settings, int jobs) {
  if (fits_cache(dataset, settings, dataset.items().size()))
    data::preload(dataset, data::indices_of(dataset, data::Split::test), jobs);
}

SplitData split_data(const data::Dataset& dataset, data::Split split) {
  SplitData data;
  data.indices = data::indices_of(dataset, split);
  data.labels = data::labels_of(dataset, data.indices);
  return data;
}

data::LoaderOptions training_loader(const Settings& s) {
  data::LoaderOptions options = evaluation_loader(s);
  options.shuffle = true;
  options.drop_last = true;
  options.augment.flip = s.flip;
  options.augment.rotation = s.rotation;
  options.augment.brightness = s.brightness;
  options.augment.contrast = s.contrast;
  return options;
}

data::LoaderOptions evaluation_loader(const Settings& s) {
  data::LoaderOptions options;
  options.batch = s.batch;
  options.channels_last = s.layout == "nhwc";
  options.seed = seed_for(s, SeedUse::order);
  options.augment_seed = seed_for(s, SeedUse::augmentation);
  options.preprocess = preprocessing(s);
  return options;
}

}  // namespace dsx::settings

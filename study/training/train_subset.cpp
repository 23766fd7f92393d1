#include "study/training/train_subset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"
#include "study/settings/train_images.hpp"

namespace dsx::training {
namespace {

// What a subject has: bit 0 negatives, bit 1 positives.
using Kinds = std::map<std::string, unsigned>;

Kinds kinds_of(const data::Dataset& dataset, const settings::SplitData& train) {
  Kinds kinds;
  for (std::size_t i = 0; i < train.indices.size(); ++i)
    kinds[dataset.items()[train.indices[i]].subject] |= train.labels[i] > 0.5F ? 2U : 1U;
  return kinds;
}

// Places in `train` by what their subject has, each in the order in which subsets grow.
std::array<std::vector<std::size_t>, 3> growing_orders(const data::Dataset& dataset,
                                                       const settings::SplitData& train, std::uint64_t seed) {
  const Kinds kinds = kinds_of(dataset, train);
  std::map<std::string, std::uint64_t> keys;
  for (const auto& [subject, kind] : kinds)
    keys[subject] = Random{seed, std::stoull(data::sha256_hex(subject).substr(0, 16), nullptr, 16)}.bits();
  std::array<std::vector<std::size_t>, 3> orders;
  for (std::size_t i = 0; i < train.indices.size(); ++i)
    orders[kinds.at(dataset.items()[train.indices[i]].subject) - 1].push_back(i);
  for (auto& order : orders)
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const std::string &of_a = dataset.items()[train.indices[a]].subject,
                        &of_b = dataset.items()[train.indices[b]].subject;
      return std::tie(keys.at(of_a), of_a, a) < std::tie(keys.at(of_b), of_b, b);
    });
  return orders;
}

// How many of each order make `count`: the whole's shares, image by image to the part that lags most
// (Sainte-Lague), so that no part shrinks when `count` grows.
std::array<std::size_t, 3> quotas_of(const std::array<std::vector<std::size_t>, 3>& orders,
                                     std::size_t count) {
  std::array<std::size_t, 3> quotas{};
  for (std::size_t taken = 0; taken < count; ++taken) {
    std::size_t next = 3;
    double most = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double claim = static_cast<double>(orders[k].size()) / (2 * static_cast<double>(quotas[k]) + 1);
      if (quotas[k] < orders[k].size() && claim > most) {
        most = claim;
        next = k;
      }
    }
    ++quotas.at(next);
  }
  return quotas;
}

}  // namespace

TrainSubset choose_train_subset(const data::Dataset& dataset, const settings::Settings& settings) {
  TrainSubset subset;
  subset.images = settings::split_data(dataset, data::Split::train);
  subset.available = subset.images.indices.size();
  const std::size_t count = settings::count_train_images(
      settings::train_images_from_text(settings.train_images, "train_images"), subset.available);
  if (count < subset.available) {
    const auto orders =
        growing_orders(dataset, subset.images, settings::seed_for(settings, settings::SeedUse::subset));
    const auto quotas = quotas_of(orders, count);
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < 3; ++k)
      places.insert(places.end(), orders[k].begin(),
                    orders[k].begin() + static_cast<std::ptrdiff_t>(quotas[k]));
    std::sort(places.begin(), places.end());
    settings::SplitData chosen;
    for (const std::size_t place : places) {
      chosen.indices.push_back(subset.images.indices[place]);
      chosen.labels.push_back(subset.images.labels[place]);
    }
    subset.images = std::move(chosen);
  }
  if (subset.images.indices.size() < static_cast<std::size_t>(settings.batch))
    throw ConfigError(fmt::format("batch: {} is more than the {}; choose a smaller --batch", settings.batch,
                                  counted(subset.images.indices.size(), "training image")));
  const auto positives = std::count(subset.images.labels.begin(), subset.images.labels.end(), 1.F);
  if (positives == 0 || positives == static_cast<std::ptrdiff_t>(subset.images.labels.size()))
    throw DataError(fmt::format("{}: {} of one class alone; take more --train-images", dataset.description(),
                                counted(subset.images.labels.size(), "training image")));
  const std::size_t fits = subset.available / subset.images.indices.size();
  subset.passes = settings.train_passes > 0 ? settings.train_passes : static_cast<int>(fits);
  return subset;
}

std::string subset_text(const TrainSubset& subset) {
  if (subset.is_all() && subset.passes == 1) return "";
  const std::string passes =
      subset.passes == 1 ? "an epoch is one pass over them"
                         : fmt::format(
                               "an epoch is {} passes over them, as many steps as all images would take "
                               "(--train-passes 1: one pass)",
                               subset.passes);
  return fmt::format("{} of {}, whole patients, nested and stratified; {}\n", subset.images.indices.size(),
                     counted(subset.available, "training image"), passes);
}

}  // namespace dsx::training

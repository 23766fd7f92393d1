// Lists in, cells out.
#include "study/sweep/sweep.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "study/cli/suggestion.hpp"
#include "study/settings/noise_kind.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::sweep {
namespace {

constexpr std::uint64_t kMaxSeed = 9'000'000'000'000'000ULL;  // as --seed
constexpr std::size_t kMaxSeeds = 1000;

std::vector<std::string> items_of(const std::string& text, const std::string& flag) {
  std::vector<std::string> items;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string item = text.substr(from, comma - from);
    item.erase(0, item.find_first_not_of(' '));
    item.erase(item.find_last_not_of(' ') + 1);
    if (item.empty())
      throw ConfigError(fmt::format("{}: expected values with commas between them, got '{}'", flag, text));
    items.push_back(item);
    from = comma + 1;
  }
  return items;
}

template <typename T>
bool parse_whole(std::string_view text, T& value) {
  const auto number = number_from_text<T>(text);
  if (number) value = *number;
  return number.has_value();
}

template <typename T>
void refuse_repeats(const std::vector<T>& values, const std::string& flag) {
  std::set<T> seen;
  for (const T& value : values)
    if (!seen.insert(value).second) throw ConfigError(fmt::format("{}: {} is given twice", flag, value));
}

// One "4" or "4-6".
void add_seeds(const std::string& item, const std::string& flag, std::vector<std::uint64_t>& seeds) {
  const std::size_t dash = item.find('-');
  std::uint64_t first = 0, last = 0;
  const bool ok = parse_whole(item.substr(0, dash), first) &&
                  (dash == std::string::npos || parse_whole(item.substr(dash + 1), last));
  if (dash == std::string::npos) last = first;
  if (!ok || last < first || last > kMaxSeed)
    throw ConfigError(fmt::format(
        "{}: expected a number of seeds (5), a list (1,2,7) or a range (3-6), got '{}'", flag, item));
  if (last - first >= kMaxSeeds - std::min(seeds.size(), kMaxSeeds))
    throw ConfigError(fmt::format("{}: more than {} seeds", flag, kMaxSeeds));
  for (std::uint64_t seed = first; seed <= last; ++seed) seeds.push_back(seed);
}

}  // namespace

std::string name_of(const CellSpec& cell) {
  const std::string noise =
      cell.noise_rate > 0 ? fmt::format("{}{}", cell.noise_kind, cell.noise_rate) : std::string("clean");
  const std::string size =
      std::isinf(cell.train_images) ? "" : "-train" + settings::train_images_text(cell.train_images);
  return fmt::format("{}-seed{}-{}{}", cell.variant, cell.seed, noise, size);
}

std::vector<CellSpec> cells_of(const Sweep& sweep) {
  std::vector<CellSpec> cells;
  const auto add = [&](const std::string& kind, double rate, double train_images) {
    const bool fewer = rate > 0 && !sweep.noise_seeds.empty();
    for (const std::uint64_t seed : fewer ? sweep.noise_seeds : sweep.seeds)
      for (const std::string& variant : sweep.variants)
        cells.push_back({variant, seed, kind, rate, train_images});
  };
  const double most = sweep.train_images.front();
  for (const double rate : sweep.rates) {
    if (rate == 0) add("symmetric", 0, most);
    for (const std::string& kind : sweep.noise_kinds)
      if (rate > 0) add(kind, rate, most);
  }
  for (const double fewer : sweep.train_images)
    if (fewer != most) add("symmetric", 0, fewer);
  return cells;
}

settings::Settings settings_of(const Sweep& sweep, const CellSpec& cell,
                               const std::filesystem::path& folder) {
  settings::Settings settings = sweep.base;
  settings.variant = cell.variant;
  settings.seed = cell.seed;
  settings.noise_kind = cell.noise_kind;
  settings.label_noise = cell.noise_rate;
  settings.train_images = settings::train_images_text(cell.train_images);
  settings.latency = false;  // measured by itself, on a quiet machine: cells run side by side
  settings.name = name_of(cell);
  settings.out = (folder / "cells").string();
  settings.progress = settings::Settings{}.progress;
  settings.config.clear();  // what the file says is in the settings; it would win over a default asked for
  return settings;
}

bool is_axis(const settings::Field& field) {
  return field.key == "variant" || field.key == "seed" || field.key == "label_noise" ||
         field.key == "noise_kind" || field.key == "train_images";
}

bool decides_numbers(const settings::Field& field) {
  // Free to a run that is resumed, but not to a comparison.
  if (field.key == "epochs" || field.key == "patience") return true;
  return field.in_config && field.on_resume == settings::OnResume::fixed;
}

std::vector<std::string> flags_of(const settings::Settings& settings) {
  std::vector<std::string> flags;
  const settings::Settings defaults;
  for (const settings::Field& field : settings::setting_fields()) {
    const std::string value = settings::value_text(settings, field);
    // What a cell is stands in its command in any case.
    if (field.key == "variant" || field.key == "seed" || value != settings::value_text(defaults, field))
      flags.push_back(settings::flag_of(field) + "=" + value);
  }
  return flags;
}

std::vector<std::uint64_t> seeds_from_text(const std::string& text, const std::string& flag) {
  const std::vector<std::string> items = items_of(text, flag);
  std::vector<std::uint64_t> seeds;
  std::uint64_t count = 0;
  if (items.size() == 1 && parse_whole(items[0], count)) {
    if (count == 0) throw ConfigError(fmt::format("{}: expected at least 1 seed, got '{}'", flag, text));
    add_seeds(fmt::format("1-{}", count), flag, seeds);
    return seeds;
  }
  for (const std::string& item : items) add_seeds(item, flag, seeds);
  refuse_repeats(seeds, flag);
  return seeds;
}

std::vector<double> train_images_list(const std::string& text, const std::string& flag) {
  std::vector<double> sizes;
  for (const std::string& item : items_of(text, flag))
    sizes.push_back(settings::train_images_from_text(item, flag));
  refuse_repeats(sizes, flag);
  const auto is_share = [](double size) { return size < 1; };
  if (std::any_of(sizes.begin(), sizes.end(), is_share) &&
      !std::all_of(sizes.begin(), sizes.end(),
                   [&](double size) { return is_share(size) || std::isinf(size); }))
    throw ConfigError(fmt::format("{}: expected numbers or shares, not both, got '{}'", flag, text));
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  return sizes;
}

std::vector<double> rates_from_text(const std::string& text, const std::string& flag) {
  std::vector<double> rates;
  for (const std::string& item : items_of(text, flag)) {
    double rate = -1;
    if (!parse_whole(item, rate) || !(rate >= 0 && rate <= settings::kMaxLabelNoise))
      throw ConfigError(fmt::format("{}: expected rates from 0 to {} with commas between them, got '{}'",
                                    flag, settings::kMaxLabelNoise, item));
    rates.push_back(rate == 0 ? 0 : rate);  // -0 is 0
  }
  refuse_repeats(rates, flag);
  return rates;
}

std::vector<std::string> words_from_text(const std::string& text, const std::string& flag,
                                         const std::vector<std::string>& known) {
  const std::vector<std::string> items = items_of(text, flag);
  for (const std::string& item : items)
    if (std::find(known.begin(), known.end(), item) == known.end())
      throw ConfigError(
          fmt::format("{}: expected some of {}, got '{}'{} `study compare --help` explains them", flag,
                      fmt::join(known, ", "), item, cli::did_you_mean(item, known)));
  refuse_repeats(items, flag);
  return items;
}

}  // namespace dsx::sweep

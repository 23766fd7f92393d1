// Two maps: `sweep` with the lists, `settings` as in any config.yaml.
#include "study/sweep/sweep_file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/settings/noise_kind.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/settings/yaml_text.hpp"

namespace dsx::sweep {
namespace {

namespace fs = std::filesystem;
constexpr double kMostMargin = 50;  // points

template <typename T>
std::string list_text(const std::vector<T>& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

// A list of the file as the text that the flag would have.
std::string text_of(const YAML::Node& sweep, const char* key, const fs::path& file) {
  const YAML::Node node = sweep[key];
  if (!node || !node.IsSequence() || node.size() == 0)
    throw ConfigError(fmt::format("{}: sweep: {}: expected a list", file.string(), key));
  std::vector<std::string> items;
  for (const YAML::Node& item : node) {
    if (!item.IsScalar())
      throw ConfigError(fmt::format("{}: sweep: {}: expected a list of words", file.string(), key));
    items.push_back(item.Scalar());
  }
  return fmt::format("{}", fmt::join(items, ","));
}

std::vector<std::uint64_t> seeds_of(const YAML::Node& sweep, const char* key, const fs::path& file) {
  // A range, because one number alone would be a count.
  std::string text = text_of(sweep, key, file);
  if (text.find(',') == std::string::npos) text += "-" + text;
  return seeds_from_text(text, file.string() + ": sweep: " + key);
}

double margin_of(const YAML::Node& node, const std::string& where) {
  try {
    const auto value = node.as<double>();
    if (value > 0 && value <= kMostMargin) return value;
  } catch (const YAML::Exception&) {  // said below
  }
  throw ConfigError(fmt::format("{}: expected points above 0, at most {}", where, kMostMargin));
}

void refuse_other_margin(double wanted, double recorded, const char* flag, const fs::path& folder) {
  if (wanted != recorded)
    throw ConfigError(
        fmt::format("{}: the sweep in {} declared {:g}, and margins are declared before the run; leave the "
                    "flag out, choose another "
                    "--out, or say it afterwards: study report {} {} {:g}",
                    flag, folder.string(), recorded, folder.string(), flag, wanted));
}

std::vector<std::string> texts_of_sizes(const Sweep& sweep) {
  std::vector<std::string> texts;
  for (const double size : sweep.train_images) texts.push_back(settings::train_images_text(size));
  return texts;
}

template <typename T>
void refuse_lost(const std::vector<T>& wanted, const std::vector<T>& recorded, const char* flag,
                 const fs::path& folder) {
  for (const T& value : recorded)
    if (std::find(wanted.begin(), wanted.end(), value) == wanted.end())
      throw ConfigError(
          fmt::format("{}: the sweep in {} has {} as well; name all of {} (and more, if you like), leave {} "
                      "out to resume it, or choose another --out",
                      flag, folder.string(), value, list_text(recorded), flag));
}

}  // namespace

fs::path sweep_file(const fs::path& folder) { return folder / "compare.yaml"; }

void write_sweep(const fs::path& folder, const Sweep& sweep) {
  std::string text =
      "# The sweep in this folder. Resume it: study compare --out <this folder>\n"
      "sweep:\n";
  text += fmt::format("  variants: [{}]\n", list_text(sweep.variants));
  text += fmt::format("  seeds: [{}]\n", list_text(sweep.seeds));
  text += fmt::format("  label_noise: [{}]\n", list_text(sweep.rates));
  text += fmt::format("  noise_kinds: [{}]\n", list_text(sweep.noise_kinds));
  text += fmt::format("  margin_auc: {:g}  # points that do not matter\n  margin_rate: {:g}\n",
                      sweep.margin_auc, sweep.margin_rate);
  if (!sweep.looks.empty()) text += fmt::format("  looks: [{}]\n", list_text(sweep.looks));
  text += fmt::format("  train_images: [{}]\n", list_text(texts_of_sizes(sweep)));
  if (!sweep.noise_seeds.empty()) text += fmt::format("  noise_seeds: [{}]\n", list_text(sweep.noise_seeds));
  text += "\n# Of every cell; variant, seed and noise are its own.\nsettings:\n";
  std::istringstream lines(settings::to_yaml(sweep.base, ""));
  for (std::string line; std::getline(lines, line);) {
    const settings::Field* field = settings::find_field(line.substr(0, line.find(':')));
    if (!line.empty() && !(field && is_axis(*field))) text += "  " + line + "\n";
  }
  data::write_file_atomically(sweep_file(folder), text);
}

Sweep read_sweep(const fs::path& folder) {
  const fs::path file = sweep_file(folder);
  const std::vector<std::uint8_t> bytes = data::read_file(file, 1 << 20);
  YAML::Node root;
  try {
    root = settings::load_yaml(std::string(bytes.begin(), bytes.end()));
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        fmt::format("{}:{}: not valid YAML: {}", file.string(), error.mark.line + 1, error.msg));
  }
  if (!root.IsMap() || !root["sweep"] || !root["sweep"].IsMap() || !root["settings"])
    throw ConfigError(file.string() + ": holds no maps 'sweep' and 'settings', so it is not a sweep");
  const YAML::Node lists = root["sweep"];
  std::vector<std::string> variants;
  for (const downsample::DownsampleOp& op : downsample::downsample_table()) variants.push_back(op.name);
  const std::string where = file.string() + ": sweep: ";
  Sweep sweep;
  sweep.variants = words_from_text(text_of(lists, "variants", file), where + "variants", variants);
  sweep.seeds = seeds_of(lists, "seeds", file);
  sweep.rates = rates_from_text(text_of(lists, "label_noise", file), where + "label_noise");
  sweep.noise_kinds = words_from_text(text_of(lists, "noise_kinds", file), where + "noise_kinds",
                                      settings::noise_kind_names());
  if (lists["train_images"])  // a sweep of an older version has none
    sweep.train_images = train_images_list(text_of(lists, "train_images", file), where + "train_images");
  if (lists["noise_seeds"]) sweep.noise_seeds = seeds_of(lists, "noise_seeds", file);
  if (lists["looks"])
    for (const std::uint64_t look : seeds_of(lists, "looks", file)) sweep.looks.push_back(look);
  for (const auto& [key, value] :
       {std::pair("margin_auc", &sweep.margin_auc), std::pair("margin_rate", &sweep.margin_rate)})
    if (lists[key]) *value = margin_of(lists[key], where + key);
  settings::Sources ignored;
  settings::apply_yaml_text(sweep.base, ignored, YAML::Dump(root["settings"]), file.string() + ": settings");
  settings::check_settings(sweep.base);
  return sweep;
}

void refuse_another_sweep(const Sweep& wanted, const Sweep& recorded, const fs::path& folder) {
  for (const settings::Field& field : settings::setting_fields()) {
    const std::string now = settings::value_text(wanted.base, field),
                      before = settings::value_text(recorded.base, field);
    if (decides_numbers(field) && !is_axis(field) && now != before)
      throw ConfigError(
          fmt::format("{}: the sweep in {} has {}, not {}; leave the flag out to resume it, or choose "
                      "another --out",
                      settings::flag_of(field), folder.string(), before, now));
  }
  refuse_other_margin(wanted.margin_auc, recorded.margin_auc, "--margin-auc", folder);
  refuse_other_margin(wanted.margin_rate, recorded.margin_rate, "--margin-rate", folder);
  refuse_lost(wanted.variants, recorded.variants, "--variants", folder);
  refuse_lost(wanted.seeds, recorded.seeds, "--seeds", folder);
  refuse_lost(wanted.rates, recorded.rates, "--label-noise", folder);
  refuse_lost(texts_of_sizes(wanted), texts_of_sizes(recorded), "--train-images", folder);
  // Cells with label noise are of the most images.
  const bool noisy_cells =
      std::any_of(recorded.rates.begin(), recorded.rates.end(), [](double rate) { return rate > 0; });
  if (noisy_cells && wanted.train_images.front() != recorded.train_images.front())
    throw ConfigError(fmt::format(
        "--train-images: label noise in {} was run with {}, its most; larger sets need another --out",
        folder.string(), texts_of_sizes(recorded).front()));
  refuse_lost(wanted.noise_kinds, recorded.noise_kinds, "--noise-kinds", folder);
  const auto noisy = [](const Sweep& s) { return s.noise_seeds.empty() ? s.seeds : s.noise_seeds; };
  refuse_lost(noisy(wanted), noisy(recorded), "--noise-seeds", folder);
}

}  // namespace dsx::sweep

// Cells come from other machines and other days: every assumption that the statistics make is checked here.
#include "study/analysis/cells.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/version.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::analysis {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxColumnBytes = std::size_t{1} << 30;

bool is_finished(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_regular_file(folder / "summary.json", ignored)) return false;
  const nlohmann::json summary =
      nlohmann::json::parse(data::read_file(folder / "summary.json"), nullptr, false);
  if (summary.is_object() && summary.contains("status")) return summary["status"] == "finished";
  throw DataError((folder / "summary.json").string() + ": damaged; copy the cell's folder again");
}

SplitPredictions read_split(const data::h5::Reader& in, data::Split split) {
  const std::string group = "predictions/" + data::to_string(split) + "/";
  for (const char* column : {"name", "subject", "label", "logit"})
    if (!in.has(group + column)) in.fail("holds no " + group + column + ", so the cell is not complete");
  SplitPredictions p;
  p.names = in.strings(group + "name");
  p.subjects = in.strings(group + "subject");
  p.labels = in.numbers<float>(group + "label", kMaxColumnBytes);
  p.logits = in.numbers<float>(group + "logit", kMaxColumnBytes);
  const std::size_t n = p.labels.size();
  if (n == 0 || p.names.size() != n || p.subjects.size() != n || p.logits.size() != n)
    in.fail(fmt::format("{} has columns of {}, {}, {} and {} rows", group, p.names.size(), p.subjects.size(),
                        n, p.logits.size()));
  for (std::size_t i = 0; i < n; ++i) {
    if (p.labels[i] != 0 && p.labels[i] != 1)
      in.fail(fmt::format("{}label of '{}' is {}, neither 0 nor 1", group, p.names[i], p.labels[i]));
    if (!std::isfinite(p.logits[i]))
      in.fail(fmt::format("{}logit of '{}' is not a number", group, p.names[i]));
  }
  return p;
}

std::vector<std::string> class_names_of(const data::h5::Reader& in) {
  const nlohmann::ordered_json ordered =
      nlohmann::ordered_json::parse(in.string("summary_json"), nullptr, false);
  const nlohmann::ordered_json::json_pointer train("/data/splits/train");
  if (!ordered.is_object() || !ordered.contains(train)) in.fail("summary_json holds no /data/splits/train");
  std::vector<std::string> names;
  for (const auto& [name, count] : ordered.at(train).items()) names.push_back(name);
  if (names.size() != 2) in.fail("summary_json does not name two classes");
  return names;
}

// By the labels that training saw.
training::LearningCheck learning_of(const Cell& cell) {
  const std::set<std::string> flipped(cell.flipped_names.begin(), cell.flipped_names.end());
  std::size_t positives = 0, wrong = 0;
  for (std::size_t i = 0; i < cell.train.size(); ++i) {
    const bool is_wrong = flipped.contains(cell.train.names[i]);
    positives += (cell.train.labels[i] > 0.5F) != is_wrong;
    wrong += is_wrong;
  }
  return training::check_learning(cell.history, cell.best_epoch, cell.train.size(), positives, wrong);
}

Cell read_cell(const fs::path& folder) {
  const data::h5::Reader in(folder / "run.h5");
  if (!in.has_attribute("format") || in.attribute_string("format") != "downscalexr-run")
    in.fail("an HDF5 file, but no run of this program");
  if (in.attribute_int("version") != 1)
    in.fail(fmt::format("a run of format {}; this program ({}) reads 1", in.attribute_int("version"),
                        kProgramVersion));
  if (in.attribute_string("status") != "finished")
    in.fail("is of a run that is " + in.attribute_string("status") +
            ", though summary.json says finished; copy the cell's folder again");
  Cell cell;
  cell.folder = folder;
  settings::Sources ignored;
  settings::apply_yaml_text(cell.settings, ignored, in.string("config_yaml"),
                            in.path().string() + ": config_yaml");
  cell.variant = cell.settings.variant;
  cell.seed = cell.settings.seed;
  cell.noise = cell.settings.label_noise;
  if (cell.noise > 0) cell.noise_kind = cell.settings.noise_kind;
  cell.data_digest = in.attribute_string("data_digest");
  cell.class_names = class_names_of(in);
  cell.best_epoch = static_cast<int>(in.attribute_int("best_epoch"));
  cell.logit_threshold = in.attribute_double("logit_threshold");
  if (!std::isfinite(cell.logit_threshold)) in.fail("its threshold is not a number");
  training::Columns columns;
  for (const std::string& name : in.names("epochs"))
    columns.emplace_back(name, in.numbers<double>("epochs/" + name, kMaxColumnBytes));
  cell.history = training::from_columns(columns);
  if (cell.history.empty()) in.fail("holds no epochs");
  cell.train = read_split(in, data::Split::train);
  cell.val = read_split(in, data::Split::val);
  cell.test = read_split(in, data::Split::test);
  if (cell.noise > 0) cell.flipped_names = in.strings("label_noise/flipped_name");
  cell.train_images = settings::train_images_from_text(cell.settings.train_images, in.path().string());
  cell.learning = learning_of(cell);
  return cell;
}

// The table's order of variants, then any other name.
std::size_t place_of(const std::string& variant) {
  const auto& table = downsample::downsample_table();
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const auto& op) { return op.name == variant; });
  return static_cast<std::size_t>(row - table.begin());
}

void refuse_mixtures(const std::vector<Cell>& cells) {
  const Cell& first = cells.front();
  std::map<std::uint64_t, const Cell*> of_seed;
  std::map<std::tuple<std::uint64_t, std::string, double, double>, const Cell*> of_noise;
  std::map<std::string, const Cell*> of_name;
  for (const Cell& cell : cells) {
    const auto differ = [&](const Cell& other, const std::string& what) {
      throw DataError(fmt::format("{}: cannot be compared with {}: {}", cell.folder.string(),
                                  other.folder.string(), what));
    };
    for (const settings::Field& field : settings::setting_fields()) {
      const std::string a = settings::value_text(cell.settings, field),
                        b = settings::value_text(first.settings, field);
      if (sweep::decides_numbers(field) && !sweep::is_axis(field) && a != b)
        differ(first, fmt::format("{} is {} here and {} there", field.key, a, b));
    }
    const std::string name = sweep::name_of(spec_of(cell));
    if (const auto [same, added] = of_name.try_emplace(name, &cell); !added)
      differ(*same->second, "both are " + name + "; move one of them away");
    const Cell& twin = *of_seed.try_emplace(cell.seed, &cell).first->second;
    if (twin.data_digest != cell.data_digest)
      differ(twin, fmt::format("they have seed {} and were trained on other data", cell.seed));
    const Cell& noisy =
        *of_noise.try_emplace({cell.seed, cell.noise_kind, cell.noise, cell.train_images}, &cell)
             .first->second;
    if (noisy.flipped_names != cell.flipped_names) differ(noisy, "their wrong labels are not the same ones");
  }
}

}  // namespace

sweep::CellSpec spec_of(const Cell& cell) {
  return {cell.variant, cell.seed, cell.noise_kind, cell.noise, cell.train_images};
}

std::vector<Cell> load_cells(const fs::path& folder) {
  const fs::path cells_folder = folder / "cells";
  std::error_code error;
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(cells_folder, error))
    if (entry.is_directory()) folders.push_back(entry.path());
  if (error)
    throw DataError(fmt::format("{}: cannot be read ({}); give the folder of a study compare",
                                cells_folder.string(), error.message()));
  std::sort(folders.begin(), folders.end());
  std::vector<Cell> cells;
  for (const fs::path& path : folders)
    if (is_finished(path)) cells.push_back(read_cell(path));
  if (cells.empty()) throw DataError(cells_folder.string() + ": holds no finished cell yet");
  refuse_mixtures(cells);
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::tuple(a.noise > 0 ? a.noise_kind : "", a.noise, -a.train_images, a.seed, place_of(a.variant),
                      a.variant) < std::tuple(b.noise > 0 ? b.noise_kind : "", b.noise, -b.train_images,
                                              b.seed, place_of(b.variant), b.variant);
  });
  return cells;
}

}  // namespace dsx::analysis

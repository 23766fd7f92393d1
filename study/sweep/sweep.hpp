// What a sweep is, which users call a comparison: lists of variants, seeds and label noise over common
// settings, and the cells they make. A cell is a normal run of `study train` in a folder of its own; nothing
// here runs or writes one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "study/settings/field.hpp"
#include "study/settings/settings.hpp"
#include "study/settings/train_images.hpp"

namespace dsx::sweep {

struct CellSpec {
  std::string variant;
  std::uint64_t seed = 1;
  std::string noise_kind = "symmetric";  // "symmetric" at rate 0, where the kind means nothing
  double noise_rate = 0;
  double train_images = settings::kAllTrainImages;  // as asked for: all, a number, a share
  bool operator==(const CellSpec&) const = default;
};
// "avgpool-seed1-clean", "strided-seed2-instance0.1", "avgpool-seed1-clean-train400": the cell's folder.
std::string name_of(const CellSpec& cell);

struct Sweep {
  std::vector<std::string> variants = {"avgpool", "maxpool", "strided"};
  std::vector<std::uint64_t> seeds = {1, 2, 3};
  std::vector<double> rates = {0};
  // With clean labels; label noise is for the most images alone.
  std::vector<double> train_images = {settings::kAllTrainImages};
  std::vector<std::string> noise_kinds = {"symmetric"};
  std::vector<std::uint64_t> noise_seeds;  // seeds that run with noise; empty: all
  // Differences that do not matter, in points: of AUCs and of shares (sensitivity, ...). Declared before the
  // run, so that nobody chooses them by the result.
  double margin_auc = 1, margin_rate = 5;
  // --until-decided: numbers of seeds after which verdicts are drawn, rising; empty: once, after all.
  std::vector<std::size_t> looks;
  settings::Settings base;  // of every cell, but for what CellSpec holds
};

// By noise, then seed, then variant: a sweep that is stopped holds whole comparisons.
std::vector<CellSpec> cells_of(const Sweep& sweep);
// The settings of one cell, with its name; `folder` is the sweep's.
settings::Settings settings_of(const Sweep& sweep, const CellSpec& cell, const std::filesystem::path& folder);

// Whether a setting decides a cell's numbers (lr), rather than where or how fast they are computed (threads,
// the data's place: the data's digest is compared instead).
bool decides_numbers(const settings::Field& field);
// Whether a cell sets it itself: variant, seed, label_noise, noise_kind, train_images.
bool is_axis(const settings::Field& field);

// "--lr=0.1" for variant, seed, and every setting that is not at its default, in the table's order. Reading
// them back gives equal settings.
std::vector<std::string> flags_of(const settings::Settings& settings);

// "5" is 1, 2, 3, 4, 5; "2,5" and "3-6" are what they say. Throws ConfigError that names `flag`.
std::vector<std::uint64_t> seeds_from_text(const std::string& text, const std::string& flag);
// "100,400,all"; the most first, which is all where shares and numbers are mixed.
std::vector<double> train_images_list(const std::string& text, const std::string& flag);
std::vector<double> rates_from_text(const std::string& text, const std::string& flag);
// Words of `known`, separated by commas.
std::vector<std::string> words_from_text(const std::string& text, const std::string& flag,
                                         const std::vector<std::string>& known);

}  // namespace dsx::sweep

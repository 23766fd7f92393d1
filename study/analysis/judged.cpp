#include "study/analysis/judged.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/statistics/decision.hpp"

namespace dsx::analysis {
namespace {

constexpr data::Split kJudgedSplits[] = {data::Split::train, data::Split::val, data::Split::test};

std::string count_text(const std::string& split, const std::string& what, std::size_t count,
                       std::size_t minimum) {
  return fmt::format("{} has only {} {}, at least {} are needed", split, count, what, minimum);
}

// Images and subjects of each class; the statistics' own check speaks of scores, this one of the split.
std::string too_little_of(const JudgedSplit& split, const std::string& name, const Cell& cell,
                          std::size_t minimum) {
  for (const std::uint8_t wanted : {std::uint8_t{0}, std::uint8_t{1}}) {
    std::size_t images = 0;
    std::vector<std::uint32_t> subjects;
    for (std::size_t i = 0; i < split.positive.size(); ++i) {
      if (split.positive[i] != wanted) continue;
      ++images;
      subjects.push_back(split.subjects[i]);
    }
    const std::string& class_name = cell.class_names.at(wanted);
    if (images < minimum) return count_text(name, class_name + " images", images, minimum);
    std::sort(subjects.begin(), subjects.end());
    const auto count =
        static_cast<std::size_t>(std::unique(subjects.begin(), subjects.end()) - subjects.begin());
    if (count < minimum)
      return count_text(name, fmt::format("subjects with {} images", class_name), count, minimum);
  }
  return "";
}

// Numbers images and subjects over all cells.
class Registry {
 public:
  explicit Registry(Comparison& comparison) : comparison_(comparison) {}

  std::uint32_t image(const std::string& name, const std::string& subject, bool positive, bool in_test) {
    const auto [at, is_new] = images_.try_emplace(name, static_cast<std::uint32_t>(images_.size()));
    const auto owner =
        subjects_.try_emplace(subject, static_cast<std::uint32_t>(subjects_.size())).first->second;
    if (is_new) comparison_.image_subjects.push_back(owner);
    if (flags_.size() <= owner) flags_.resize(owner + 1);
    flags_[owner] |= (positive ? 2U : 1U) | (in_test ? 4U : 0U);
    return at->second;
  }
  // Numbers without gaps.
  void finish() {
    std::vector<std::uint32_t> codes(flags_);
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    for (const auto flag : flags_)
      comparison_.strata.push_back(
          static_cast<std::uint32_t>(std::lower_bound(codes.begin(), codes.end(), flag) - codes.begin()));
  }

 private:
  Comparison& comparison_;
  std::unordered_map<std::string, std::uint32_t> images_, subjects_;
  std::vector<std::uint32_t> flags_;
};

JudgedSplit judged_split(const Cell& cell, data::Split split, std::size_t minimum, Registry& registry) {
  const SplitPredictions& p = cell.of(split);
  JudgedSplit judged;
  judged.logits.assign(p.logits.begin(), p.logits.end());
  for (const float label : p.labels) judged.positive.push_back(label > 0.5F);
  judged.subjects = statistics::subject_ids(p.subjects);
  for (std::size_t i = 0; i < p.size(); ++i)
    judged.images.push_back(
        registry.image(p.names[i], p.subjects[i], judged.positive[i] != 0, split == data::Split::test));
  judged.too_little = too_little_of(judged, data::to_string(split), cell, minimum);
  return judged;
}

statistics::Threshold fixed_threshold(double value) {
  statistics::Threshold threshold;
  threshold.value = value;
  return threshold;
}

std::map<std::string, statistics::Threshold> thresholds_of(const JudgedCell& cell,
                                                           const CompareOptions& options) {
  const JudgedSplit& val = cell.of(data::Split::val);
  std::map<std::string, statistics::Threshold> thresholds = {
      {"youden", statistics::choose_youden(val.logits, val.positive, options.minimum)},
      {"sensitivity",
       statistics::choose_sensitivity(val.logits, val.positive, options.target_sensitivity, options.minimum)},
      {"cost", statistics::choose_least_cost(val.logits, val.positive, options.cost_ratio, options.minimum)},
      {"half", fixed_threshold(0)}};
  for (auto& [name, threshold] : thresholds) {
    if (!threshold.estimable()) threshold.not_estimable = "no threshold: " + val.too_little;
    if (name != "half" || !val.too_little.empty()) continue;
    const statistics::DecisionCounts counts =
        statistics::decision_counts(statistics::decide(val.logits, 0), val.positive);
    threshold.sensitivity = static_cast<double>(counts.tp) / static_cast<double>(counts.tp + counts.fn);
    threshold.specificity = static_cast<double>(counts.tn) / static_cast<double>(counts.tn + counts.fp);
  }
  return thresholds;
}

// Pairing needs the same test images in the same order in all cells of a seed, and the same training images
// in those of one size.
void refuse_unpaired(const std::vector<JudgedCell>& cells) {
  std::map<std::pair<std::uint64_t, double>, const JudgedCell*> first_of_seed;
  for (const JudgedCell& cell : cells) {
    const JudgedCell& first =
        *first_of_seed.try_emplace({cell.cell->seed, cell.cell->train_images}, &cell).first->second;
    for (const data::Split split : kJudgedSplits)
      if (first.of(split).images != cell.of(split).images)
        throw DataError(fmt::format("{}: its {} images are not those of {}; train one of them again",
                                    cell.cell->folder.string(), data::to_string(split),
                                    first.cell->folder.string()));
  }
}

}  // namespace

std::string words_of(const NoiseLevel& noise) {
  if (noise.rate > 0) return fmt::format("{:g}% wrong labels ({})", 100 * noise.rate, noise.kind);
  if (std::isinf(noise.train_images)) return "clean labels";
  return noise.train_images < 1 ? fmt::format("{:g}% of the training images", 100 * noise.train_images)
                                : counted(noise.train_images, "training image");
}

std::map<std::uint64_t, std::size_t> Comparison::seeds_of(const NoiseLevel& noise,
                                                          const std::string& variant) const {
  std::map<std::uint64_t, std::size_t> seeds;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = *cells[i].cell;
    if (cell.variant == variant && cell.noise == noise.rate && cell.train_images == noise.train_images &&
        (noise.rate == 0 || cell.noise_kind == noise.kind))
      seeds[cell.seed] = i;
  }
  return seeds;
}

std::vector<std::pair<std::string, std::string>> Comparison::pairs() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (std::size_t a = 0; a < variants.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) result.emplace_back(variants[a], variants[b]);
  return result;
}

double Comparison::alpha_of_pair() const {
  return alpha_of_look() / static_cast<double>(std::max<std::size_t>(1, pairs().size()));
}

std::size_t Comparison::test_subjects() const {
  if (cells.empty()) return 0;
  const auto& subjects = cells.front().of(data::Split::test).subjects;
  return subjects.empty() ? 0 : std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1;
}

std::size_t Comparison::smaller_class_subjects() const {
  const JudgedSplit& test = cells.front().of(data::Split::test);
  std::array<std::set<std::uint32_t>, 2> of_class;
  for (std::size_t i = 0; i < test.positive.size(); ++i)
    of_class[test.positive[i] != 0 ? 1 : 0].insert(test.subjects[i]);
  return std::max<std::size_t>(2, std::min(of_class[0].size(), of_class[1].size()));
}

std::vector<std::string> Comparison::noise_kinds() const {
  std::vector<std::string> kinds;
  for (const auto& noise : noises)
    if (!noise.kind.empty() && std::find(kinds.begin(), kinds.end(), noise.kind) == kinds.end())
      kinds.push_back(noise.kind);
  return kinds;
}

Comparison make_comparison(const std::vector<Cell>& cells, const CompareOptions& options) {
  Comparison comparison;
  comparison.options = options;
  comparison.rules = {
      // First, since Youden's threshold wanders between seeds, and the decisions with it.
      {"sensitivity", fmt::format("at {:g}% sensitivity on val", 100 * options.target_sensitivity)},
      {"youden", "at the Youden threshold"},
      {"cost",
       fmt::format("at the threshold where a missed positive costs {:g} false alarms", options.cost_ratio)},
      {"half", "at probability .5"}};
  Registry registry(comparison);
  for (const Cell& cell : cells) {
    JudgedCell judged;
    judged.cell = &cell;
    for (const data::Split split : kJudgedSplits)
      judged.splits[static_cast<std::size_t>(split)] = judged_split(cell, split, options.minimum, registry);
    judged.thresholds = thresholds_of(judged, options);
    comparison.cells.push_back(std::move(judged));
    if (std::find(comparison.variants.begin(), comparison.variants.end(), cell.variant) ==
        comparison.variants.end())
      comparison.variants.push_back(cell.variant);
    const NoiseLevel noise{cell.noise > 0 ? cell.noise_kind : "", cell.noise, cell.train_images};
    if (std::find(comparison.noises.begin(), comparison.noises.end(), noise) == comparison.noises.end())
      comparison.noises.push_back(noise);
  }
  std::sort(comparison.noises.begin(), comparison.noises.end(), [](const NoiseLevel& a, const NoiseLevel& b) {
    return std::tuple(a.kind, a.rate, -a.train_images) < std::tuple(b.kind, b.rate, -b.train_images);
  });
  registry.finish();
  refuse_unpaired(comparison.cells);
  return comparison;
}

std::vector<std::uint8_t> decisions(const JudgedCell& cell, data::Split split, const std::string& rule) {
  return statistics::decide(cell.of(split).logits, cell.thresholds.at(rule).value);
}

}  // namespace dsx::analysis

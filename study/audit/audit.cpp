// From counts and fingerprints to judgements.
#include "study/audit/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/statistics/auc.hpp"
#include "study/statistics/expected_precision.hpp"
#include "study/statistics/holm.hpp"
#include "study/statistics/logistic.hpp"

namespace dsx::audit {
namespace {

constexpr std::size_t kFolds = 5;
constexpr double kAlpha = 0.05;
const std::string kSize = "image size", kBorder = "border";

// Numbers per image under one heading, [images x names].
struct Features {
  std::string group;
  std::vector<std::string> names;
  std::vector<double> values;
};

Features size_features(const data::Dataset& dataset) {
  Features features{kSize, {"width", "height", "width / height", "pixels"}, {}};
  for (const data::SourceSize& size : dataset.source_sizes()) {
    const double width = std::max(1, size.width), height = std::max(1, size.height);
    features.values.insert(features.values.end(), {std::log(width), std::log(height),
                                                   std::log(width / height), std::log(width * height)});
  }
  return features;
}

Features border_features(const std::vector<data::Fingerprint>& fingerprints) {
  Features features{
      kBorder, {data::border_statistic_names().begin(), data::border_statistic_names().end()}, {}};
  for (const data::Fingerprint& print : fingerprints)
    features.values.insert(features.values.end(), print.border.begin(), print.border.end());
  return features;
}

struct LabelledImages {
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subject;
};

LabelledImages labelled(const data::Dataset& dataset) {
  LabelledImages images;
  std::vector<std::string> names;
  for (const data::Item& item : dataset.items()) {
    images.positive.push_back(item.label == 1);
    names.push_back(item.subject);
  }
  images.subject = statistics::subject_ids(names);
  return images;
}

void judge(const Features& features, const LabelledImages& images, std::vector<Shortcut>& shortcuts) {
  const std::size_t count = features.names.size(), size = images.positive.size();
  const auto add = [&](const std::string& name, bool together, statistics::Estimate auc) {
    shortcuts.push_back({features.group, name, together, std::move(auc)});
  };
  if (features.values.size() != count * size) {
    add("together", true,
        statistics::cannot_estimate("the source does not say the images' sizes before the resize"));
    return;
  }
  bool varies = false;
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<double> scores(size);
    for (std::size_t i = 0; i < size; ++i) scores[i] = features.values[i * count + k];
    const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
    if (*low == *high) continue;  // the same everywhere
    varies = true;
    add(features.names[k], false, statistics::auc_estimate(scores, images.positive, images.subject));
  }
  if (!varies) {
    add("together", true, statistics::cannot_estimate("the same for every image"));
    return;
  }
  const std::set<std::uint32_t> subjects(images.subject.begin(), images.subject.end());
  const std::string reason =
      statistics::why_not_estimable(std::vector<double>(size), images.positive, images.subject);
  if (!reason.empty() || subjects.size() < kFolds) {
    add("together", true, statistics::cannot_estimate(reason.empty() ? "too few subjects" : reason));
    return;
  }
  statistics::Estimate auc = statistics::auc_estimate(
      statistics::cross_validated_logits(features.values, count, images.positive, images.subject, kFolds),
      images.positive, images.subject);
  auc.method = fmt::format("logistic regression, {} folds by subject; {}", kFolds, auc.method);
  add("together", true, std::move(auc));
}

// Among a dozen numbers that say nothing, one has an interval without .5 in nearly every second audit.
void correct(std::vector<Shortcut>& shortcuts) {
  std::vector<double> p;
  for (const Shortcut& shortcut : shortcuts) p.push_back(shortcut.auc.p);
  const std::vector<double> adjusted = statistics::holm_adjusted(p);
  for (std::size_t i = 0; i < shortcuts.size(); ++i) shortcuts[i].p_corrected = adjusted[i];
}

// `splits`: of each item.
SplitPower power_of(const data::Dataset& dataset, const std::vector<data::Split>& splits, data::Split split) {
  SplitPower power;
  power.split = split;
  std::set<std::string> positive, negative;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    if (splits[i] != split) continue;
    const data::Item& item = dataset.items()[i];
    ++(item.label == 1 ? power.positives : power.negatives);
    (item.label == 1 ? positive : negative).insert(item.subject);
  }
  power.positive_subjects = positive.size();
  power.negative_subjects = negative.size();
  power.auc_half_width = statistics::auc_half_width(kAssumed, power.positives, power.negatives);
  power.auc_half_width_by_subject = statistics::auc_half_width(kAssumed, positive.size(), negative.size());
  power.sensitivity_half_width = statistics::share_half_width(kAssumed, power.positives);
  power.specificity_half_width = statistics::share_half_width(kAssumed, power.negatives);
  return power;
}

void judge_splits(const data::Dataset& dataset, const data::SplitOptions& options, Audit& audit) {
  std::set<data::Split> there;
  std::vector<data::Split> splits;
  for (const data::Item& item : dataset.items()) {
    splits.push_back(item.split);
    there.insert(item.split);
  }
  try {
    splits = data::complete_splits(dataset, options);
    for (const data::Split split : {data::Split::val, data::Split::test})
      if (!there.contains(split)) audit.made.push_back(split);
  } catch (const DataError&) {  // the study says why
  }
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test})
    if (there.contains(split) || std::find(audit.made.begin(), audit.made.end(), split) != audit.made.end())
      audit.power.push_back(power_of(dataset, splits, split));
}

template <typename Pairs>
void copy_findings(const Pairs& pairs, const std::string& one, const std::string& many,
                   std::vector<std::string>& lines) {
  const auto count = [&](bool Pairs::value_type::*which) {
    return static_cast<std::size_t>(
        std::count_if(pairs.begin(), pairs.end(), [&](const auto& p) { return p.*which; }));
  };
  using Pair = typename Pairs::value_type;
  if (const std::size_t n = count(&Pair::across_classes); n > 0)
    lines.push_back(fmt::format("{} with contradicting labels", counted(n, one, many)));
  if (const std::size_t n = count(&Pair::across_splits); n > 0)
    lines.push_back(fmt::format("{} across splits: what is tested on was trained on", counted(n, one, many)));
  if (const std::size_t n = count(&Pair::across_subjects); n > 0)
    lines.push_back(fmt::format("{} under different subject names", counted(n, one, many)));
}

}  // namespace

bool Shortcut::tells() const {
  if (!auc.estimable() || (together && auc.value < 0.5)) return false;
  return std::isnan(p_corrected) ? auc.low > 0.5 || auc.high < 0.5 : p_corrected <= kAlpha;
}

std::string tells_text(const Shortcut& shortcut, const std::string& positive) {
  if (!shortcut.tells()) return "";
  if (shortcut.together) return "tells the label";
  return fmt::format("tells the label: {} in {}", shortcut.auc.value > 0.5 ? "higher" : "lower", positive);
}

bool SplitPower::too_small() const {
  return !(auc_half_width <= kTooWide && sensitivity_half_width <= kTooWide &&
           specificity_half_width <= kTooWide);
}

Audit audit_of(const data::Dataset& dataset, const std::vector<data::Fingerprint>& fingerprints,
               const data::DuplicateOptions& options, const data::SplitOptions& split_options) {
  Audit audit;
  audit.summary = data::summarize(dataset);
  audit.options = options;
  audit.duplicates = data::find_duplicates(dataset, fingerprints, options);
  const LabelledImages images = labelled(dataset);
  judge(size_features(dataset), images, audit.shortcuts);
  judge(border_features(fingerprints), images, audit.shortcuts);
  correct(audit.shortcuts);
  judge_splits(dataset, split_options, audit);
  return audit;
}

std::string made_splits_text(const Audit& audit) {
  if (audit.made.empty()) return "";
  return fmt::format(
      "no {} in these data: every seed of a study draws its own (whole subjects, stratified), so that seeds "
      "differ in their images, too; --seed-split {} gives all seeds the one that is judged here",
      splits_text(audit.made), audit.split_seed);
}

std::string splits_text(const std::vector<data::Split>& splits) {
  std::string text;
  for (const data::Split split : splits) text += (text.empty() ? "" : " and ") + data::to_string(split);
  return text;
}

std::vector<std::string> findings(const Audit& audit) {
  std::vector<std::string> lines;
  copy_findings(audit.duplicates.groups, "group of copies", "groups of copies", lines);
  if (const std::size_t n = audit.summary.shared_subjects.size(); n > 0) {
    std::size_t images = 0;
    for (const data::SharedSubject& shared : audit.summary.shared_subjects) images += shared.images;
    lines.push_back(fmt::format("{} in more than one split ({}): a test figure is optimistic",
                                counted(n, "subject"), counted(images, "image")));
  }
  copy_findings(audit.duplicates.near, "pair of near duplicates", "pairs of near duplicates", lines);
  if (const std::size_t n = audit.duplicates.surplus_copies(); n > 0)
    lines.push_back(fmt::format("{}: an image counts twice", counted(n, "surplus copy", "surplus copies")));
  for (const Shortcut& shortcut : audit.shortcuts)
    if (shortcut.together && shortcut.tells())
      lines.push_back(fmt::format("the {} alone tells the label: AUC {:.3f} ({:.3f} to {:.3f})",
                                  shortcut.group, shortcut.auc.value, shortcut.auc.low, shortcut.auc.high));
  if (std::find(audit.made.begin(), audit.made.end(), data::Split::test) != audit.made.end())
    lines.push_back(made_splits_text(audit));
  for (const SplitPower& power : audit.power)
    if (power.split != data::Split::train && power.too_small())
      lines.push_back(
          fmt::format("{} is small: a classifier of AUC, sensitivity and specificity .90 would get +-{:.3f}, "
                      "+-{:.3f} and +-{:.3f}",
                      data::to_string(power.split), power.auc_half_width, power.sensitivity_half_width,
                      power.specificity_half_width));
  return lines;
}

}  // namespace dsx::audit

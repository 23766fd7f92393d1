// One network per fold, trained by the study's trainer on a view whose "val" is the held-out fold.
#include "study/audit/label_issues.hpp"

#include <fmt/core.h>

#include <cmath>
#include <set>
#include <unordered_map>

#include "data/sources/groups.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/text_table.hpp"
#include "study/run/make_network.hpp"
#include "study/statistics/auc.hpp"
#include "study/statistics/folds.hpp"
#include "study/statistics/proportion.hpp"
#include "study/training/evaluate.hpp"
#include "study/training/metrics.hpp"
#include "study/training/trainer.hpp"

namespace dsx::audit {
namespace {

std::vector<std::uint8_t> bytes_of(const std::vector<float>& labels) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(labels.size());
  for (const float label : labels) bytes.push_back(label > 0.5F);
  return bytes;
}

// Images that must not be apart: of one subject, or copies of one file.
std::vector<std::uint32_t> ties(const data::Dataset& dataset) {
  const auto& items = dataset.items();
  data::Groups groups(items.size());
  std::unordered_map<std::string, std::size_t> by_subject, by_file;
  for (std::size_t i = 0; i < items.size(); ++i) {
    groups.join(i, by_subject.try_emplace(items[i].subject, i).first->second);
    if (!items[i].sha256.empty()) groups.join(i, by_file.try_emplace(items[i].sha256, i).first->second);
  }
  std::vector<std::uint32_t> group(items.size());
  std::uint32_t number = 0;
  for (const auto& members : groups.members()) {
    for (const std::size_t i : members) group[i] = number;
    ++number;
  }
  return group;
}

std::vector<std::uint32_t> folds_of(const data::Dataset& dataset, const std::vector<float>& labels,
                                    const settings::Settings& settings, int folds) {
  const std::vector<std::uint32_t> tied = ties(dataset);
  const std::size_t groups = std::set<std::uint32_t>(tied.begin(), tied.end()).size();
  if (groups < 2)
    throw DataError(
        fmt::format("{}: all {} are of one subject, or copies of one file: nothing can be held out. Where "
                    "the names say who is "
                    "who, --subject says how",
                    dataset.description(), counted(labels.size(), "image")));
  if (groups < static_cast<std::size_t>(folds))
    throw ConfigError(
        fmt::format("--folds: {} are more than the {} that must each stay in one fold; use --folds {}", folds,
                    counted(groups, "subject"), groups));
  try {
    return statistics::group_folds(bytes_of(labels), tied, static_cast<std::size_t>(folds),
                                   settings::seed_for(settings, settings::SeedUse::split));
  } catch (const std::invalid_argument& error) {
    throw ConfigError(fmt::format("folds: {}: {}", folds, error.what()));
  }
}

// Probabilities of the held-out fold, in the order of its indices.
training::Predictions train_fold(const data::Dataset& dataset, const std::vector<float>& labels,
                                 const std::vector<std::uint32_t>& fold_of, std::uint32_t fold,
                                 const settings::Settings& settings) {
  std::vector<data::Split> splits;
  for (const std::uint32_t f : fold_of) splits.push_back(f == fold ? data::Split::val : data::Split::train);
  const std::unique_ptr<data::Dataset> view = data::view_with_splits(dataset, std::move(splits));
  settings::SplitData train = settings::split_data(*view, data::Split::train);
  for (std::size_t i = 0; i < train.indices.size(); ++i) train.labels[i] = labels[train.indices[i]];
  net::Network network = run::make_network(settings);
  training::Trainer trainer(network, *view, std::move(train), settings);
  training::TrainState state;
  trainer.run(state, [](const training::TrainState&, bool) {});
  net::Plan plan = trainer.release_inference_plan();
  plan.pack();
  const settings::SplitData held_out = settings::split_data(*view, data::Split::val);
  cli::ProgressBar progress(cli::progress_mode(settings.progress), "held-out fold", held_out.indices.size());
  return training::predict(plan, *view, held_out, settings, progress);
}

}  // namespace

OutOfSample cross_validate(const data::Dataset& dataset, const std::vector<float>& labels,
                           const settings::Settings& chosen, int folds) {
  settings::Settings settings = chosen;
  settings.patience = 0;  // early stopping would look at the held-out labels
  OutOfSample out;
  out.fold = folds_of(dataset, labels, settings, folds);
  out.probability.resize(labels.size());
  for (std::uint32_t fold = 0; fold < static_cast<std::uint32_t>(folds); ++fold) {
    const training::Predictions predictions = train_fold(dataset, labels, out.fold, fold, settings);
    std::vector<float> given;
    for (std::size_t i = 0; i < predictions.indices.size(); ++i) {
      out.probability[predictions.indices[i]] = training::sigmoid(predictions.logits[i]);
      given.push_back(labels[predictions.indices[i]]);
    }
    fmt::print("fold {}/{}  {} held out, AUC {} against their given labels\n", fold + 1, folds,
               counted(given.size(), "image"), cli::fixed(training::roc_auc(predictions.logits, given), 4));
    std::fflush(stdout);
  }
  return out;
}

LabelIssues find_label_issues(const std::vector<float>& labels, OutOfSample out,
                              std::vector<std::uint8_t> injected) {
  LabelIssues issues;
  issues.out = std::move(out);
  issues.injected = std::move(injected);
  std::vector<double> both;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    issues.given.push_back(labels[i] > 0.5F);
    both.insert(both.end(), {1 - issues.out.probability[i], issues.out.probability[i]});
  }
  try {
    issues.learning = statistics::confident_learning(both, issues.given, 2);
  } catch (const std::invalid_argument& error) {
    throw DataError(error.what());
  }
  issues.ranking = statistics::ranked_by_self_confidence(issues.learning);
  issues.auc = statistics::auc_estimate(issues.out.probability, bytes_of(labels), {}, {.minimum = 1}).value;
  return issues;
}

InjectionResult judge_injection(const LabelIssues& issues) {
  InjectionResult result;
  for (const std::uint8_t wrong : issues.injected) result.injected += wrong;
  result.hits = statistics::hits_among_first(issues.ranking, issues.injected, result.injected);
  result.flagged_hits =
      statistics::hits_among_first(issues.learning.issues, issues.injected, issues.learning.issues.size());
  result.precision = statistics::wilson(result.hits, result.injected);
  std::vector<double> suspicion;
  for (const double confidence : issues.learning.self_confidence) suspicion.push_back(-confidence);
  result.auc = statistics::auc_estimate(suspicion, issues.injected);
  return result;
}

}  // namespace dsx::audit

// One network per fold, trained by the study's trainer on a view whose "val" is the held-out fold.
#include "study/label_issues.hpp"

#include <fmt/core.h>

#include <cmath>
#include <unordered_map>

#include "data/groups.hpp"
#include "kernels/counted.hpp"
#include "kernels/error.hpp"
#include "study/evaluate.hpp"
#include "study/metrics.hpp"
#include "study/statistics/auc.hpp"
#include "study/statistics/folds.hpp"
#include "study/statistics/proportion.hpp"
#include "study/study_run.hpp"
#include "study/text_table.hpp"
#include "study/trainer.hpp"

namespace dsx {
namespace {

std::vector<std::uint8_t> bytes_of(const std::vector<float>& labels) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(labels.size());
  for (const float label : labels) bytes.push_back(label > 0.5F);
  return bytes;
}

// Images that must not be apart: of one subject, or copies of one file.
std::vector<std::uint32_t> ties(const Dataset& dataset) {
  const auto& items = dataset.items();
  Groups groups(items.size());
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

std::vector<std::uint32_t> folds_of(const Dataset& dataset, const std::vector<float>& labels,
                                    const Settings& settings, int folds) {
  try {
    return group_folds(bytes_of(labels), ties(dataset), static_cast<std::size_t>(folds),
                       seed_for(settings, SeedUse::split));
  } catch (const std::invalid_argument& error) {
    throw ConfigError(fmt::format("folds: {}: {}", folds, error.what()));
  }
}

// Probabilities of the held-out fold, in the order of its indices.
Predictions train_fold(const Dataset& dataset, const std::vector<float>& labels,
                       const std::vector<std::uint32_t>& fold_of, std::uint32_t fold,
                       const Settings& settings) {
  std::vector<Split> splits;
  for (const std::uint32_t f : fold_of) splits.push_back(f == fold ? Split::val : Split::train);
  const std::unique_ptr<Dataset> view = view_with_splits(dataset, std::move(splits));
  SplitData train = split_data(*view, Split::train);
  for (std::size_t i = 0; i < train.indices.size(); ++i) train.labels[i] = labels[train.indices[i]];
  Network network = make_network(settings);
  Trainer trainer(network, *view, std::move(train), settings);
  TrainState state;
  trainer.run(state, [](const TrainState&, bool) {});
  Plan plan = trainer.release_inference_plan();
  plan.pack();
  const SplitData held_out = split_data(*view, Split::val);
  ProgressBar progress(progress_mode(settings.progress), "held-out fold", held_out.indices.size());
  return predict(plan, *view, held_out, settings, progress);
}

}  // namespace

OutOfSample cross_validate(const Dataset& dataset, const std::vector<float>& labels, const Settings& chosen,
                           int folds) {
  Settings settings = chosen;
  settings.patience = 0;  // early stopping would look at the held-out labels
  OutOfSample out;
  out.fold = folds_of(dataset, labels, settings, folds);
  out.probability.resize(labels.size());
  for (std::uint32_t fold = 0; fold < static_cast<std::uint32_t>(folds); ++fold) {
    const Predictions predictions = train_fold(dataset, labels, out.fold, fold, settings);
    std::vector<float> given;
    for (std::size_t i = 0; i < predictions.indices.size(); ++i) {
      out.probability[predictions.indices[i]] = sigmoid(predictions.logits[i]);
      given.push_back(labels[predictions.indices[i]]);
    }
    fmt::print("fold {}/{}  {} held out, AUC {} against their given labels\n", fold + 1, folds,
               counted(given.size(), "image"), fixed(roc_auc(predictions.logits, given), 4));
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
    issues.learning = confident_learning(both, issues.given, 2);
  } catch (const std::invalid_argument& error) {
    throw DataError(error.what());
  }
  issues.ranking = ranked_by_self_confidence(issues.learning);
  issues.auc = auc_estimate(issues.out.probability, bytes_of(labels), {}, {.minimum = 1}).value;
  return issues;
}

InjectionResult judge_injection(const LabelIssues& issues) {
  InjectionResult result;
  for (const std::uint8_t wrong : issues.injected) result.injected += wrong;
  result.hits = hits_among_first(issues.ranking, issues.injected, result.injected);
  result.flagged_hits =
      hits_among_first(issues.learning.issues, issues.injected, issues.learning.issues.size());
  result.precision = wilson(result.hits, result.injected);
  std::vector<double> suspicion;
  for (const double confidence : issues.learning.self_confidence) suspicion.push_back(-confidence);
  result.auc = auc_estimate(suspicion, issues.injected);
  return result;
}

}  // namespace dsx

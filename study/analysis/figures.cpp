// Threads take whole cells and draw the same resamples from the same seed, so that columns of different
// threads are paired and no figure depends on the number of threads.
#include "study/analysis/figures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <numeric>
#include <set>
#include <stdexcept>

#include "kernels/base/workers.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"

namespace dsx::analysis {
namespace {

constexpr double kUndefinedAllowed = 0.01;  // share of resamples, as in study/statistics/bootstrap.cpp

// Weights of a cell's images from those of all images.
class Gatherer {
 public:
  SplitWeights gather(const JudgedCell& cell, std::span<const double> of_images) {
    SplitWeights views;
    for (std::size_t s = 0; s < cell.splits.size(); ++s) {
      const auto& images = cell.splits[s].images;
      buffers_[s].resize(images.size());
      for (std::size_t i = 0; i < images.size(); ++i) buffers_[s][i] = of_images[images[i]];
      views[s] = buffers_[s];
    }
    return views;
  }

 private:
  std::array<std::vector<double>, 3> buffers_;
};

void clip(statistics::Estimate& estimate, const FigureRange& range) {
  if (!estimate.estimable()) return;
  estimate.low = std::max(estimate.low, range.least);
  estimate.high = std::min(estimate.high, range.most);
  if (std::isnan(range.null)) estimate.p = statistics::kNotEstimable;
}

OverSeeds cannot(const std::string& reason) {
  OverSeeds result;
  result.estimate = result.summary.mean = result.summary.mean_these_images =
      statistics::cannot_estimate(reason);
  return result;
}

}  // namespace

double OverSeeds::value() const {
  return of_seeds.empty()
             ? statistics::kNotEstimable
             : std::accumulate(of_seeds.begin(), of_seeds.end(), 0.0) / static_cast<double>(of_seeds.size());
}

double OverSeeds::detectable() const {
  return std::min(statistics::minimum_detectable_difference(estimate, alpha), largest);
}

bool OverSeeds::constant() const {
  return of_seeds.size() > 1 && !estimate.estimable() && summary.image_sd == 0 && summary.observed_sd == 0;
}

void Figures::add(std::size_t cell, const std::vector<std::string>& names, CellCompute compute,
                  const std::string& not_estimable) {
  const std::size_t first = columns_.size();
  for (const std::string& name : names) {
    if (!places_.try_emplace(fmt::format("{}/{}", cell, name), columns_.size()).second)
      throw std::logic_error("figure " + name + " is there twice");
    columns_.push_back({not_estimable, {}, statistics::kNotEstimable});
  }
  if (not_estimable.empty()) batches_.push_back({cell, first, names.size(), std::move(compute)});
}

void Figures::run_part(const std::vector<const Batch*>& batches, const std::function<void()>& tick) {
  std::size_t count = 0;
  for (const Batch* batch : batches) count += batch->count;
  if (count == 0) return;
  Gatherer gatherer;
  const auto compute = [&](std::span<const double> of_images, std::span<double> out) {
    std::size_t at = 0, gathered = comparison_.cells.size();
    SplitWeights weights;
    for (const Batch* batch : batches) {
      if (batch->cell != gathered) weights = gatherer.gather(comparison_.cells[batch->cell], of_images);
      gathered = batch->cell;
      batch->compute(weights, out.subspan(at, batch->count));
      at += batch->count;
    }
    tick();
  };
  statistics::BootstrapOptions options;
  options.resamples = comparison_.options.resamples;
  options.seed = comparison_.options.seed;
  options.strata = comparison_.strata;
  options.jackknife = false;
  const statistics::BootstrapSample sample =
      statistics::bootstrap_by_subject(comparison_.image_subjects, count, compute, options);
  std::size_t at = 0;
  for (const Batch* batch : batches)
    for (std::size_t k = 0; k < batch->count; ++k, ++at) {
      Column& column = columns_[batch->first + k];
      column.observed = sample.observed[at];
      for (std::size_t b = 0; b < options.resamples; ++b)
        column.replicates.push_back(sample.replicates[b * count + at]);
    }
}

void Figures::run() {
  std::stable_sort(batches_.begin(), batches_.end(),
                   [](const Batch& a, const Batch& b) { return a.cell < b.cell; });
  const auto threads = static_cast<std::size_t>(std::max(1, comparison_.options.threads));
  std::vector<std::vector<const Batch*>> parts(threads);
  for (const Batch& batch : batches_) parts[batch.cell % threads].push_back(&batch);
  std::atomic<std::size_t> done = 0;
  std::atomic<bool> stop = false;
  std::exception_ptr failure;
  std::mutex failing;
  std::atomic<std::size_t> next = 0;
  const auto work = [&](std::size_t part, const std::function<void()>& after) {
    try {
      run_part(parts[part], [&] {
        ++done;
        after();
        if (stop) throw cli::Interrupted{"stopped while resampling; the cells are kept"};
      });
    } catch (...) {
      stop = true;
      const std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
  };
  cli::ProgressBar progress(cli::progress_mode(comparison_.options.progress), "bootstrap", 0);
  const double all = static_cast<double>((comparison_.options.resamples + 1) * threads);
  const auto show = [&] {
    if (cli::interrupt_requested()) stop = true;
    progress.show(static_cast<double>(done) / all, fmt::format("{} resamples", comparison_.options.resamples),
                  10);
  };
  run_workers(static_cast<int>(threads), [&](int worker) {
    for (std::size_t part = next++; part < threads; part = next++)
      work(
          part, worker == 0 ? std::function<void()>(show) : [] {});
  });
  if (failure) std::rethrow_exception(failure);
}

const Figures::Column& Figures::column(std::size_t cell, const std::string& figure) const {
  const auto found = places_.find(fmt::format("{}/{}", cell, figure));
  if (found == places_.end()) throw std::logic_error("no figure " + figure);
  return columns_[found->second];
}

double Figures::value(std::size_t cell, const std::string& figure) const {
  return column(cell, figure).observed;
}

statistics::Estimate Figures::of_cell(std::size_t cell, const std::string& figure) const {
  const Column& found = column(cell, figure);
  if (!found.not_estimable.empty()) return statistics::cannot_estimate(found.not_estimable);
  statistics::BootstrapSample sample;
  sample.statistics = 1;
  sample.observed = {found.observed};
  sample.replicates = found.replicates;
  return statistics::percentile_interval(sample, 0, comparison_.options.confidence);
}

OverSeeds Figures::over_seeds(const std::vector<std::vector<Term>>& terms_by_seed,
                              const FigureRange& range) const {
  const std::size_t seeds = terms_by_seed.size(), resamples = comparison_.options.resamples;
  if (seeds == 0) return cannot("no seed has all that is needed");
  statistics::BootstrapSample sample;
  sample.statistics = seeds;
  sample.observed.assign(seeds, 0);
  sample.replicates.assign(seeds * resamples, 0);
  for (std::size_t s = 0; s < seeds; ++s) {
    for (const Term& term : terms_by_seed[s]) {
      const Column& found = column(term.cell, term.figure);
      if (!found.not_estimable.empty())
        return cannot(
            fmt::format("seed {}: {}", comparison_.cells[term.cell].cell->seed, found.not_estimable));
      if (!std::isfinite(found.observed))
        return cannot(
            fmt::format("seed {}: not defined for these images", comparison_.cells[term.cell].cell->seed));
      sample.observed[s] += term.weight * found.observed;
      for (std::size_t b = 0; b < resamples; ++b)
        sample.replicates[b * seeds + s] += term.weight * found.replicates[b];
    }
  }
  std::size_t undefined = 0;
  for (std::size_t b = 0; b < resamples; ++b) {
    const auto begin = sample.replicates.begin() + static_cast<std::ptrdiff_t>(b * seeds);
    undefined += std::any_of(begin, begin + static_cast<std::ptrdiff_t>(seeds),
                             [](double value) { return !std::isfinite(value); });
  }
  if (static_cast<double>(undefined) > kUndefinedAllowed * static_cast<double>(resamples))
    return cannot(fmt::format("not defined in {} of {} resamples", undefined, resamples));
  std::vector<std::size_t> all(seeds);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const double null = std::isnan(range.null) ? 0 : range.null;
  const bool is_share = range.least == 0 && range.most == 1;
  OverSeeds result;
  result.of_seeds = sample.observed;
  result.largest = std::max(std::abs(range.least), std::abs(range.most));
  result.alpha = comparison_.alpha_of_pair();
  for (const auto& terms : terms_by_seed)
    result.not_learnt += std::any_of(terms.begin(), terms.end(), [&](const Term& term) {
      return !comparison_.cells[term.cell].cell->learning.learnt;
    });
  const auto subjects = static_cast<double>(comparison_.smaller_class_subjects());
  result.summary = statistics::combine_seeds(
      sample.observed, statistics::replicate_covariance(sample, all, subjects),
      {.confidence = comparison_.options.confidence,
       .null = null,
       .scale = is_share ? statistics::SeedScale::logit : statistics::SeedScale::plain,
       .image_df = subjects - 1});
  result.estimate = result.summary.mean;
  if (result.constant())
    result.estimate.not_estimable = fmt::format("{:g} in every seed and resample", result.value());
  clip(result.estimate, range);
  clip(result.summary.mean_these_images, range);
  return result;
}

}  // namespace dsx::analysis

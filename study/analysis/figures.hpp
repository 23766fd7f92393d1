// One bootstrap over a whole comparison: each resample draws subjects once, for all cells and splits, so that
// everything made of several cells (a mean over seeds, a difference of variants, a gap between splits, a
// slope over noise) is a weighted sum of figures of the same resample, and so paired. Its replicates say what
// the choice of images does to every seed; combine_seeds() makes the interval.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "study/analysis/judged.hpp"
#include "study/statistics/bootstrap.hpp"
#include "study/statistics/seeds.hpp"

namespace dsx::analysis {

// How often each image of the cell's train, val, test counts in this resample.
using SplitWeights = std::array<std::span<const double>, 3>;
using CellCompute = std::function<void(const SplitWeights& weights, std::span<double> out)>;

// Weight times a named figure of a cell.
struct Term {
  std::size_t cell = 0;
  std::string figure;  // "test/auc"
  double weight = 1;
};

// A figure over seeds.
struct OverSeeds {
  statistics::Estimate estimate;    // summary.mean within its range: new seeds and new subjects
  statistics::SeedSummary summary;  // spread over seeds apart from spread over images
  std::vector<double> of_seeds;
  double largest = std::numeric_limits<double>::infinity();  // size that a figure can have at all
  double alpha = 0.05;         // what a detectable difference is for: alpha over the number of pairs
  double detectable() const;   // NaN without a standard error; at most `largest`
  std::size_t not_learnt = 0;  // seeds with a network that has not learnt
  // All resamples and seeds gave one number (two variants that decide alike): a value without an interval.
  bool constant() const;
  double value() const;  // mean over seeds; NaN without figures
};

struct FigureRange {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  double null = std::numeric_limits<double>::quiet_NaN();  // what p is against; NaN: no test
};

class Figures {
 public:
  explicit Figures(const Comparison& comparison) : comparison_(comparison) {}

  // Before run(): figures of a cell, computed together. A reason says that they are not estimable; `compute`
  // is then not called.
  void add(std::size_t cell, const std::vector<std::string>& names, CellCompute compute,
           const std::string& not_estimable = "");
  // All resamples; progress on stderr. Same result for any number of threads.
  void run();

  statistics::Estimate of_cell(std::size_t cell,
                               const std::string& figure) const;    // percentile interval over subjects
  double value(std::size_t cell, const std::string& figure) const;  // observed
  OverSeeds over_seeds(const std::vector<std::vector<Term>>& terms_by_seed,
                       const FigureRange& range = {}) const;

 private:
  struct Batch {
    std::size_t cell, first, count;
    CellCompute compute;
  };
  struct Column {
    std::string not_estimable;
    std::vector<double> replicates;
    double observed = statistics::kNotEstimable;
  };
  const Column& column(std::size_t cell, const std::string& figure) const;
  void run_part(const std::vector<const Batch*>& batches, const std::function<void()>& tick);

  const Comparison& comparison_;
  std::vector<Batch> batches_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> places_;  // "<cell>/<figure>"
};

}  // namespace dsx::analysis

// What an experiment of `study explain` is, and running a table of them. An experiment times arms through an
// ArmSet, puts what it saw into tables, and says what follows in findings. Which there are: experiments/.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/arms/block.hpp"
#include "bench/machine/machine.hpp"
#include "bench/measure/measure.hpp"
#include "study/explain/report.hpp"

namespace dsx::explain {

struct ExplainOptions {
  std::vector<std::string> variants{"maxpool",
                                    "strided"};  // rows of downsample_table(); the last is the baseline
  std::string shapes = "study";                  // built-in list or file
  std::vector<std::string> experiments;          // empty: all
  kernels::Layout layout = kernels::Layout::nhwc;
  int batch = 32;
  int threads = 1;
  std::string peers;   // JSON of scripts/peers; "" none
  double seconds = 3;  // of timed work for each set of interleaved arms
  std::uint64_t seed = 1;
};

struct ExplainContext {
  ExplainOptions options;
  std::vector<bench::Geometry> geometries;
  bool whole_network = true;  // the shapes are the study's: its LeNet can be timed as a whole
  bench::Topology topology;
  bench::Machine machine;
  std::shared_ptr<bench::Counters> counters;         // counted beside every timed sample; null: none
  std::function<void(const std::string&)> progress;  // what is being measured now

  const std::string& baseline() const { return options.variants.back(); }
  // Operators an experiment covers: the variants, without those that have no step of their own.
  std::vector<std::string> pooled_variants(const bench::Geometry& geometry) const;
  bench::BlockSpec spec(const bench::Geometry& geometry, const std::string& op, bench::Unit unit) const;
};

struct Experiment {
  std::string name;      // what --experiments takes
  std::string question;  // one line
  void (*run)(ExplainContext& context, ExperimentReport& report);
  bool starts_neighbours = false;  // itself: what other processes used meanwhile says nothing
};

// Runs the chosen experiments one after the other; one that this CPU or oneDNN cannot do says so in its
// report.
std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::vector<Experiment>& table,
                                              const std::string& program);

}  // namespace dsx::explain

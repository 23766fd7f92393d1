// The experiments of `study explain`: one row in experiment.cpp's table and one file each. An experiment
// times arms through an ArmSet, puts what it saw into tables, and says what follows in findings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/block.hpp"
#include "bench/machine.hpp"
#include "bench/measure.hpp"
#include "study/explain/report.hpp"

namespace dsx {

struct ExplainOptions {
  std::vector<std::string> variants{"maxpool",
                                    "strided"};  // rows of downsample_table(); the last is the baseline
  std::string shapes = "study";                  // built-in list or file
  std::vector<std::string> experiments;          // empty: all
  Layout layout = Layout::nhwc;
  int batch = 32;
  int threads = 1;
  std::string peers;   // JSON of scripts/peers; "" none
  double seconds = 3;  // of timed work for each set of interleaved arms
  std::uint64_t seed = 1;
};

struct ExplainContext {
  ExplainOptions options;
  std::vector<Geometry> geometries;
  bool whole_network = true;  // the shapes are the study's: its LeNet can be timed as a whole
  Topology topology;
  Machine machine;
  std::shared_ptr<Counters> counters;                // counted beside every timed sample; null: none
  std::function<void(const std::string&)> progress;  // what is being measured now

  const std::string& baseline() const { return options.variants.back(); }
  // Operators an experiment covers: the variants, without those that have no step of their own.
  std::vector<std::string> pooled_variants(const Geometry& geometry) const;
  BlockSpec spec(const Geometry& geometry, const std::string& op, Unit unit) const;
};

struct Experiment {
  std::string name;      // what --experiments takes
  std::string question;  // one line
  void (*run)(ExplainContext& context, ExperimentReport& report);
};
const std::vector<Experiment>& experiment_table();

void run_whole(ExplainContext& context, ExperimentReport& report);
void run_factorial(ExplainContext& context, ExperimentReport& report);
void run_dispatch(ExplainContext& context, ExperimentReport& report);
void run_working_set(ExplainContext& context, ExperimentReport& report);
void run_hot_cold(ExplainContext& context, ExperimentReport& report);
void run_strips(ExplainContext& context, ExperimentReport& report);
void run_fused(ExplainContext& context, ExperimentReport& report);
void run_data_dependence(ExplainContext& context, ExperimentReport& report);
void run_threads(ExplainContext& context, ExperimentReport& report);
void run_original(ExplainContext& context, ExperimentReport& report);
void run_prediction(ExplainContext& context, ExperimentReport& report);

// Throws DataError when `path` is no result of scripts/peers: before minutes are spent on measuring.
void check_peers_file(const std::string& path);

// Runs the chosen experiments one after the other; one that this CPU or oneDNN cannot do says so in its
// report.
std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::string& program);

}  // namespace dsx

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
#include "study/explain/account.hpp"
#include "study/explain/budget.hpp"
#include "study/explain/evidence.hpp"
#include "study/explain/recording.hpp"
#include "study/explain/report.hpp"

namespace dsx::explain {

struct ExplainOptions {
  std::vector<std::string> variants{"maxpool",
                                    "strided"};  // rows of downsample_table(); the last is the baseline
  std::string shapes = "study";                  // built-in list or file
  std::vector<std::string> experiments;          // empty: all
  kernels::Layout layout = kernels::Layout::nhwc;
  int channels = 1, size = 320;  // of the images; the study's network alone has other sizes than its own
  bool fused = false;            // networks and blocks as our own kernels
  kernels::Algorithm algorithm = kernels::Algorithm::direct;  // of those
  int batch = 32;
  int threads = 1;
  std::string peers;          // JSON of scripts/peers; "" none
  double seconds = 3;         // of timed work for each set of interleaved arms
  bool keep_seconds = false;  // a budget may shorten them and does not stretch them
  double budget_s = 0;        // for all of it; 0: no limit
  std::uint64_t seed = 1;
};

struct ExplainContext {
  ExplainOptions options;
  std::vector<bench::Geometry> geometries;
  bool whole_network = true;  // the shapes are the study's: its LeNet can be timed as a whole
  std::string cpu;            // its model, for sentences that hold for it alone
  std::vector<float> images;  // [batch, channels, size, size] of the user's data; empty: random ones
  Budget budget;
  bench::Topology topology;
  bench::Machine machine;
  std::shared_ptr<bench::Counters> counters;         // counted beside every timed sample; null: none
  std::function<void(const std::string&)> progress;  // what is being measured now

  // A fresh process that times an experiment's sets once (process_runs.hpp); empty: all is timed in this one.
  std::function<Recording(const std::string& experiment, double seconds, double budget_s)> run_process;
  // What such processes measured of the experiment under way: its sets are taken from there instead of timed.
  std::vector<Recording> processes;
  Recording* recording = nullptr;  // in such a process: where its sets go

  const std::string& baseline() const { return options.variants.back(); }
  // Operators an experiment covers: the variants, without those that have no step of their own.
  std::vector<std::string> pooled_variants(const bench::Geometry& geometry) const;
  bench::BlockSpec spec(const bench::Geometry& geometry, const std::string& op, bench::Unit unit) const;
  // Whether `what`, one set of arms, still fits into the experiment's time; if not, the report names it.
  bool has_time_for(const std::string& what, ExperimentReport& report) const;
};

// A row of the table of experiments.
struct Experiment {
  std::string name;      // what --experiments takes
  std::string question;  // one line
  void (*run)(ExplainContext& context, ExperimentReport& report);
  // What its report says about the causes of each step's time; null: nothing. Of the report alone, so that
  // one read from a file can be asked as well.
  std::vector<Evidence> (*evidence)(const ExperimentReport& report) = nullptr;
  // Seconds as in TimeNeed, and the place in the line of those that are left out when time is short.
  double usual_s = 15, least_s = 5;
  int rank = 0;
  bool starts_neighbours = false;  // itself: what other processes used meanwhile says nothing
  bool needs_steps = false;        // takes apart steps that --engine fused does not have
  // Why its sets are timed in this process alone ("its sets would take ..."); "": in fresh processes, as far
  // as there is time: process_runs.hpp.
  std::string one_process{};
  // What processes leave out and this one alone times in the end ("the blocks in every layout (...)"); of the
  // seconds above, so many are its.
  std::string here{};
  double here_usual_s = 0, here_least_s = 0;
};

// Runs the chosen experiments one after the other, within the context's budget; one that this CPU or oneDNN
// cannot do, or for which there is no time, says so in its report.
std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::vector<Experiment>& table,
                                              const std::string& program);

// The account of `reports` (account.hpp), by the rows of their names; put first among them.
void add_account(std::vector<ExperimentReport>& reports, const std::vector<Experiment>& table,
                 const std::string& program);

// What more time would narrow or add, in sentences: parts with wide intervals, what was left out.
std::vector<std::string> longer_run(const std::vector<ExperimentReport>& reports,
                                    const ExplainOptions& options);

}  // namespace dsx::explain

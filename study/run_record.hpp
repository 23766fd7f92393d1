// Everything that is known of a run, as plain data: filled in step by step by study_run.cpp, written as
// run.h5 and summary.json by run_files.cpp, shown by run_text.cpp. One struct, so that the three never
// disagree.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/environment.hpp"
#include "bench/latency.hpp"
#include "data/dataset.hpp"
#include "net/plan.hpp"
#include "study/evaluate.hpp"
#include "study/history.hpp"
#include "study/label_noise.hpp"
#include "study/settings.hpp"
#include "study/threads.hpp"

namespace dsx {

struct SplitCount {
  Split split = Split::train;
  std::size_t negatives = 0, positives = 0;
};

struct DataRecord {
  std::string source, description, digest;
  std::vector<std::string> class_names;
  std::vector<SplitCount> splits;
  std::vector<std::string> skipped;  // images left out as unreadable
};

struct ModelRecord {
  std::string network, variant;
  int channels = 0, height = 0, width = 0;
  std::size_t parameters = 0;  // trainable
  double mflop_per_image = 0;  // forward
  double size_mib() const { return static_cast<double>(parameters) * 4 / (1024.0 * 1024.0); }
};

struct PlanRecord {
  std::string name;  // "training_batch_32", "inference_batch_1"
  std::vector<PlanRow> rows;
  std::size_t arena_bytes = 0, unshared_bytes = 0;
};

// From the best checkpoint.
struct SplitResult {
  Split split = Split::test;
  Predictions predictions;
  Metrics at_half;       // threshold .5
  Metrics at_threshold;  // the threshold chosen on val
};

struct Evaluation {
  int epoch = 0;               // of the best checkpoint
  double logit_threshold = 0;  // chosen on val by the Youden index
  std::vector<SplitResult> splits;
};

// What the file of imported weights said of the run that it came from.
struct ImportedRecord {
  std::optional<double> logit_threshold;
  std::vector<std::string> class_names;  // negative, positive; or none
};

// Reading, preprocessing and laying out a batch, which latency leaves out.
struct LoadingRecord {
  int batch = 0;
  std::size_t images = 0;
  double work_ns_per_batch = 0;  // the loader's thread
  double wait_ns_per_batch = 0;  // what the network had to wait for it
};

struct RunRecord {
  std::string name, status = "running";  // running, finished, interrupted, diverged, failed, imported
  std::string message;                   // of what ended it, when not finished
  std::string command;                   // repeats it
  Settings settings;
  Sources sources;
  ThreadChoice threads;
  Fields environment;  // bench/environment.hpp
  DataRecord data;
  NoiseRecord noise;  // of the labels that training saw; all else here is by the true labels
  ModelRecord model;
  std::vector<PlanRecord> plans;
  TrainState state;
  std::optional<Evaluation> evaluation;
  std::optional<ImportedRecord> imported;
  std::vector<PlanLatency> latency;  // forward passes on images that lie in memory already
  std::optional<LoadingRecord> loading;
  std::optional<PaceRecord> pace;
  double training_s = 0;  // all epochs, train and val
  double peak_rss_mib = 0;
};

DataRecord describe_data(const Settings& settings, const Dataset& dataset);
PlanRecord describe_plan(const std::string& name, const Plan& plan);
double peak_rss_mib();  // of this process so far

}  // namespace dsx

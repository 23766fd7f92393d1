// Everything that is known of a run, as plain data: filled in step by step by train_run.cpp, written as
// run.h5 by run_h5.cpp and as summary.json by run_summary.cpp, shown by run_text.cpp. One struct, so that the
// three never disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/measure/environment.hpp"
#include "bench/measure/latency.hpp"
#include "data/sources/dataset.hpp"
#include "net/plan/plan.hpp"
#include "study/settings/settings.hpp"
#include "study/settings/threads.hpp"
#include "study/training/evaluate.hpp"
#include "study/training/history.hpp"
#include "study/training/label_noise.hpp"
#include "study/training/learning_check.hpp"
#include "study/training/train_subset.hpp"

namespace dsx::run {

struct SplitCount {
  data::Split split = data::Split::train;
  std::size_t negatives = 0, positives = 0;
};

struct DataRecord {
  std::string source, description, digest;
  std::vector<std::string> class_names;
  std::vector<SplitCount> splits;
  std::vector<std::string> skipped;  // images left out as unreadable
  std::vector<std::string> notes;    // how it was read: data::reading_lines()
};

// The training images that --train-images kept.
struct SubsetRecord {
  std::size_t images = 0, available = 0;  // equal without --train-images
  std::size_t positives = 0;              // of images, by their true labels
  int passes = 1;                         // over them in an epoch
  std::string digest;                     // SHA-256 of their names: equal subsets are an equal digest
};

struct ModelRecord {
  std::string network, variant;
  int channels = 0, height = 0, width = 0;
  std::size_t parameters = 0;                                // trainable
  double mflop_per_image = 0, executed_mflop_per_image = 0;  // forward: of the definition, of its kernels
  std::string algorithm;                                     // algorithm_text(): what became of --algorithm
  double size_mib() const { return static_cast<double>(parameters) * 4 / (1024.0 * 1024.0); }
};

struct PlanRecord {
  std::string name;  // "training_batch_32", "inference_batch_1"
  std::vector<net::PlanRow> rows;
  std::size_t arena_bytes = 0, unshared_bytes = 0;
};

// From the best checkpoint.
struct SplitResult {
  data::Split split = data::Split::test;
  training::Predictions predictions;
  training::Metrics at_half;       // threshold .5
  training::Metrics at_threshold;  // the threshold chosen on val
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
  settings::Settings settings;
  settings::Sources sources;
  settings::ThreadChoice threads;
  bench::Fields environment;  // bench/measure/environment.hpp
  DataRecord data;
  SubsetRecord subset;
  training::NoiseRecord noise;  // of the labels that training saw; all else here is by the true labels
  ModelRecord model;
  std::vector<PlanRecord> plans;
  training::TrainState state;
  training::LearningCheck learning;  // of a run that has ended
  std::optional<Evaluation> evaluation;
  std::optional<ImportedRecord> imported;
  std::vector<bench::PlanLatency> latency;  // forward passes on images that lie in memory already
  std::optional<LoadingRecord> loading;
  std::optional<training::PaceRecord> pace;
  std::int64_t training_ns = 0;  // all epochs, train and val
  double peak_rss_mib = 0;
};

// `train`: with true labels.
SubsetRecord describe_subset(const data::Dataset& dataset, const training::TrainSubset& train);
DataRecord describe_data(const settings::Settings& settings, const data::Dataset& dataset);
PlanRecord describe_plan(const std::string& name, const net::Plan& plan);
double peak_rss_mib();  // of this process so far

}  // namespace dsx::run

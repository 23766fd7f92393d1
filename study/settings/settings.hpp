// Every setting of a study, once: the struct Settings, and the one table of fields that YAML, flags, help,
// config.yaml, run.h5 and summary.json are all made from. A new setting is one member here plus one row in
// settings_fields.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "data/sources/phantom.hpp"

namespace dsx::settings {

// Defaults are the members' initialisers. Comments name the unit and the consequence.
struct Settings {
  // Network.
  std::string variant = "avgpool";    // row of downsample_table()
  std::string network = "lenet";      // built-in name or YAML file
  std::string layout = "nhwc";        // of activations in memory
  std::string engine = "primitives";  // or "fused": our own kernels for blocks and large linear layers
  std::string algorithm = "direct";   // of the fused convolutions at inference; fast and auto round otherwise
  std::string dtype = "f32";          // of a network that is not trained: bf16 and int8 are for inference
  bool allow_ref = false;             // accept oneDNN's reference implementations: 100 times slower

  // Data. Images are square after preprocessing.
  std::string data = "synthetic";
  std::string positive;                  // classes that count as positive, "1,2"; "" where data has two
  int size = 320;                        // pixels per side; 320 is the original's
  int channels = 1;                      // 1 grey, 3 colour
  std::string resize = "area";           // does not alias when it shrinks; bilinear is the original's
  std::string intensity_range = "auto";  // which values are black and white (data/formats/intensity.hpp)
  std::string labels;   // CSV file that tells the labels of a folder's images; "" class folders do
  std::string finding;  // of that table: what makes an image positive
  std::string uncertain = "leave-out";  // images for which the table says "uncertain"
  std::string label_columns;            // names of its columns, for layouts that are not known
  std::string subject;           // regular expression that finds them in paths; "" the known conventions
  double val_fraction = 0.1;     // of train, only when the data has no val split
  double test_fraction = 0.2;    // of all images, only when the data has no test split
  std::string manifest;          // JSON of `study data clean`: other images are refused; "" takes any
  bool skip_bad_images = false;  // leave unreadable images out instead of refusing the data
  int data_cache_mib = 640;      // decoded images kept in memory, MiB
  std::string cache_dir;         // of imported folders; "" is the user's cache directory
  // Images of the built-in data, per split.
  int synthetic_train = data::PhantomOptions{}.train, synthetic_val = data::PhantomOptions{}.val;
  int synthetic_test = data::PhantomOptions{}.test;
  std::uint64_t synthetic_seed =
      1;  // which patients; apart from `seed`, so that seeds are compared on the same images

  // Preprocessing, all splits. Pixels are scaled to [0, 1], then (x - mean) / std.
  double mean = 0.485,
         std = 0.229;  // the original wrote them down and never applied them; without, SGD starts slowly
  bool equalize = false, sharpen = false, denoise = false;

  // Augmentation, training split only.
  double flip = 0;        // probability
  double rotation = 0;    // degrees, either way
  double brightness = 0;  // relative
  double contrast = 0;    // relative

  // Limited data (study/training/train_subset.hpp): val and test keep all of theirs.
  std::string train_images = "all";  // "400", "0.25", "all"
  int train_passes = 0;              // over them in an epoch; 0: as many as fit into the whole training set

  // Label noise, training labels only (study/training/label_noise.hpp): val and test keep theirs.
  double label_noise = 0;  // share of wrong labels
  std::string noise_kind = "symmetric";

  // Training.
  int epochs = 5;
  int batch = 32;
  std::uint64_t seed = 1;  // of the six uses below where they are -1
  std::int64_t seed_initialisation = -1, seed_order = -1, seed_augmentation = -1, seed_noise = -1,
               seed_split = -1, seed_subset = -1;
  std::string optimizer = "sgd";
  double lr = 0.006;  // with the schedule below: the same for all variants and both data sets
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  std::string schedule = "cosine";
  double warmup_epochs = 1;
  int step_epochs = 10;
  double gamma = 0.1;
  int patience = 7;  // epochs without a better val AUC before stopping; 0 never stops early

  // Machine and measuring.
  int threads = 0;  // 0: not given, all CPUs this process may use (an explicit 0 is refused)
  bool oversubscribe = false;
  bool latency = true;           // measure it after training; cells of a sweep do not
  int latency_iterations = 100;  // timed runs per batch size
  bool latency_only = false;
  double repeat_for = 0;  // seconds

  // Output.
  std::string name;  // "" makes a new one from variant, data, seed and time
  std::string out = "results/runs";
  std::string progress = "auto";
  std::string resume;  // folder of an earlier run
  std::string config;  // YAML file

  // Tracking (study/run/tracked.hpp).
  std::string track;       // MLflow server's address, without secrets; "": the environment's; "off"
  std::string experiment;  // "": the environment's
};

// Where each value came from: "--lr", "config.yaml:3"; keys that are missing have their default.
using Sources = std::map<std::string, std::string>;

// Applies a YAML file of flat keys. Throws ConfigError with file and line.
void apply_yaml(Settings& settings, Sources& sources, const std::string& path);
void apply_yaml_text(Settings& settings, Sources& sources, const std::string& text, const std::string& where);

// Checks that span several fields, and names (variant, network) that only other folders know. Throws
// ConfigError.
void check_settings(const Settings& settings);

// Makes the paths of data, network and resume hold from any folder, so that config.yaml repeats the run from
// anywhere.
void make_paths_absolute(Settings& settings);

// YAML with group titles; reading it back gives equal settings. `head` is put on top as comment lines.
std::string to_yaml(const Settings& settings, const std::string& head);

}  // namespace dsx::settings

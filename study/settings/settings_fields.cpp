#include "study/settings/settings_fields.hpp"

#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/layout.hpp"
#include "study/settings/noise_kind.hpp"

namespace dsx::settings {
namespace {

using G = SettingGroup;
constexpr double kAnyCount = 1e9;

std::vector<std::string> variant_names() {
  std::vector<std::string> names;
  for (const downsample::DownsampleOp& op : downsample::downsample_table()) names.push_back(op.name);
  return names;
}

Field text(std::string key, G group, std::string Settings::*member, std::string help) {
  Field field;
  field.key = std::move(key);
  field.group = group;
  field.member = member;
  field.help = std::move(help);
  return field;
}

Field choice(std::string key, G group, std::string Settings::*member,
             std::function<std::vector<std::string>()> choices, std::string help) {
  Field field = text(std::move(key), group, member, std::move(help));
  field.choices = std::move(choices);
  return field;
}

Field words(std::string key, G group, std::string Settings::*member, std::vector<std::string> names,
            std::string help) {
  return choice(
      std::move(key), group, member, [names = std::move(names)] { return names; }, std::move(help));
}

template <typename T>
Field number(std::string key, G group, T Settings::*member, double min, double max, std::string help,
             bool min_open = false) {
  Field field;
  field.key = std::move(key);
  field.group = group;
  field.member = member;
  field.help = std::move(help);
  field.min = min;
  field.max = max;
  field.min_open = min_open;
  return field;
}

Field flag(std::string key, G group, bool Settings::*member, std::string help) {
  Field field;
  field.key = std::move(key);
  field.group = group;
  field.member = member;
  field.help = std::move(help);
  return field;
}

Field free(Field field) {
  field.on_resume = OnResume::free;
  return field;
}

// Says where or how a run goes, not what it computes.
Field aside(Field field) {
  field.on_resume = OnResume::free;
  field.in_config = false;
  return field;
}

Field shown_as(Field field, std::string default_text);

Field in_table(Field field) {
  field.choices_in_table = true;
  return field;
}

// The seed of one use apart from the others.
Field own_seed_field(std::string key, std::int64_t Settings::*member, std::string help) {
  return shown_as(number(std::move(key), G::training, member, -1, 9e15, std::move(help) + "; -1: --seed"),
                  "--seed");
}

Field shown_as(Field field, std::string default_text) {
  field.default_text = std::move(default_text);
  return field;
}

using S = Settings;
using Fields = std::vector<Field>;

void add_network(Fields& f) {
  f.push_back(in_table(choice("variant", G::network, &S::variant, variant_names,
                              "downsampling operator; see the table below")));
  f.push_back(text("network", G::network, &S::network,
                   "built-in network (lenet) or a YAML file with a list of layers"));
  f.push_back(
      choice("layout", G::network, &S::layout, kernels::layout_names, "how activations lie in memory"));
  f.push_back(free(
      words("engine", G::network, &S::engine, {"primitives", "fused"},
            "primitives: oneDNN layer by layer; fused: our kernels for blocks and large linear layers")));
  f.push_back(words(
      "algorithm", G::network, &S::algorithm, kernels::algorithm_names(),
      "of --engine fused: direct; fast: convolutions with fewer products and another rounding, where there "
      "is such a kernel; auto: where it also computes less"));
  f.push_back(
      free(words("dtype", G::network, &S::dtype, {"f32", "bf16", "int8"},
                 "training is in f32; --latency-only, predict and plan also take bf16, where the CPU has "
                 "it, and int8")));
  f.push_back(flag("allow_ref", G::network, &S::allow_ref,
                   "accept oneDNN's reference kernels, about 100 times slower"));
}

void add_data(Fields& f) {
  f.push_back(free(text("data", G::data, &S::data,
                        "synthetic, a folder of class folders or .npy arrays, an .npz, or an imported .h5")));
  f.push_back(shown_as(
      text("positive", G::data, &S::positive, "classes that count as positive, e.g. 1,2: makes two of many"),
      "the one not negated, or the second"));
  f.push_back(text("labels", G::data, &S::labels,
                   "CSV file with the labels of a folder's images (NIH, RSNA, CheXpert, or image,label)"));
  f.push_back(shown_as(
      text("finding", G::data, &S::finding, "of that table: the finding that makes an image positive"),
      "Pneumonia"));
  f.push_back(words("uncertain", G::data, &S::uncertain, {"leave-out", "negative", "positive"},
                    "images whose finding that table calls uncertain (-1)"));
  f.push_back(shown_as(text("label_columns", G::data, &S::label_columns,
                            "of another table: image=COLUMN,finding=COLUMN,subject=COLUMN,split=COLUMN"),
                       "those of a known layout"));
  f.push_back(number("size", G::data, &S::size, 8, 4096, "side to which images are resized, pixels"));
  f.push_back(number("channels", G::data, &S::channels, 1, 3, "1 grey, 3 colour"));
  f.push_back(words("resize", G::data, &S::resize, {"area", "bilinear"},
                    "area averages when it shrinks; bilinear aliases, as the original did"));
  f.push_back(
      text("intensity_range", G::data, &S::intensity_range,
           "values that are black and white: LOW,HIGH; stored: all that the bits hold; auto: used bits"));
  f.push_back(
      shown_as(text("subject", G::data, &S::subject,
                    "regular expression whose group finds the subject in an image's path; image: none"),
               "PatientID and known names"));
  f.push_back(number("val_fraction", G::data, &S::val_fraction, 0, 0.9,
                     "share of train made into val, by subject, where data has no val", true));
  f.push_back(number("test_fraction", G::data, &S::test_fraction, 0, 0.9,
                     "share of all images made into test, by subject, where data has no test", true));
  f.push_back(
      text("train_images", G::data, &S::train_images,
           "train on so many images, or that share of them: 400, 0.25; nested, by subject, stratified"));
  f.push_back(
      shown_as(number("train_passes", G::data, &S::train_passes, 0, 1e6,
                      "passes over them in an epoch; 0: as many as fit, so that all sizes take equal steps"),
               "as many as fit"));
  f.push_back(free(shown_as(text("manifest", G::data, &S::manifest,
                                 "refuse images that differ from this manifest of `study data clean`"),
                            "none")));
  f.push_back(flag("skip_bad_images", G::data, &S::skip_bad_images,
                   "leave out images that cannot be read, and say how many"));
  f.push_back(free(
      number("data_cache_mib", G::data, &S::data_cache_mib, 0, 1 << 20, "memory for decoded images, MiB")));
  f.push_back(
      number("synthetic_train", G::data, &S::synthetic_train, 2, 1e6, "built-in data: images to train on"));
  f.push_back(
      number("synthetic_val", G::data, &S::synthetic_val, 2, 1e6, "built-in data: images to validate on"));
  f.push_back(
      number("synthetic_test", G::data, &S::synthetic_test, 2, 1e6, "built-in data: images to test on"));
  f.push_back(
      number("synthetic_seed", G::data, &S::synthetic_seed, 0, 9e15, "built-in data: which patients"));
  f.push_back(aside(shown_as(text("cache_dir", G::data, &S::cache_dir, "where imported folders are kept"),
                             "~/.cache/downscalexr/data")));
}

void add_preprocessing(Fields& f) {
  f.push_back(number("mean", G::preprocessing, &S::mean, -10, 10,
                     "subtracted from pixels scaled to 0..1 (the original wrote .485)"));
  f.push_back(number("std", G::preprocessing, &S::std, 0, 10,
                     "what is left is divided by it (the original wrote .229)", true));
  f.push_back(flag("equalize", G::preprocessing, &S::equalize, "equalize the histogram"));
  f.push_back(flag("sharpen", G::preprocessing, &S::sharpen, "sharpen with a 3x3 filter"));
  f.push_back(flag("denoise", G::preprocessing, &S::denoise, "remove speckle noise first"));
}

void add_augmentation(Fields& f) {
  f.push_back(number("flip", G::augmentation, &S::flip, 0, 1,
                     "probability of a left-right flip (the original wrote .5)"));
  f.push_back(
      number("rotation", G::augmentation, &S::rotation, 0, 180, "at most this many degrees, either way (5)"));
  f.push_back(number("brightness", G::augmentation, &S::brightness, 0, 1,
                     "at most this share brighter or darker (.1)"));
  f.push_back(number("contrast", G::augmentation, &S::contrast, 0, 1,
                     "at most this share more or less contrast (.1)"));
}

void add_noise(Fields& f) {
  f.push_back(number("label_noise", G::noise, &S::label_noise, 0, kMaxLabelNoise,
                     "share of training labels made wrong; those of val and test stay"));
  f.push_back(words("noise_kind", G::noise, &S::noise_kind, noise_kind_names(),
                    "which labels (any, those of one class, or by what the image looks like)"));
}

void add_training(Fields& f) {
  f.push_back(
      free(number("epochs", G::training, &S::epochs, 1, 1e6, "passes over the training images, at most")));
  f.push_back(number("batch", G::training, &S::batch, 1, 65536, "images per step"));
  f.push_back(number("seed", G::training, &S::seed, 0, 9e15,
                     "of initialisation, order, augmentation, noise and split"));
  f.push_back(own_seed_field("seed_initialisation", &S::seed_initialisation, "of the first weights"));
  f.push_back(own_seed_field("seed_order", &S::seed_order, "of the order of the images"));
  f.push_back(own_seed_field("seed_augmentation", &S::seed_augmentation, "of the augmentation"));
  f.push_back(own_seed_field("seed_noise", &S::seed_noise, "of the label noise: which images"));
  f.push_back(own_seed_field("seed_split", &S::seed_split,
                             "of the splits that are made; given to compare: one split for all its seeds"));
  f.push_back(own_seed_field("seed_subset", &S::seed_subset, "of the images that --train-images keeps"));
  f.push_back(words("optimizer", G::training, &S::optimizer, {"sgd", "adam"},
                    "sgd, or the original's adam (with lr .001, weight_decay .0001)"));
  f.push_back(number("lr", G::training, &S::lr, 0, 1e30, "learning rate", true));
  f.push_back(number("momentum", G::training, &S::momentum, 0, 0.9999, "of sgd"));
  f.push_back(flag("nesterov", G::training, &S::nesterov, "Nesterov momentum, of sgd"));
  f.push_back(
      number("weight_decay", G::training, &S::weight_decay, 0, 1, "added to the gradient, times the weight"));
  f.push_back(words("schedule", G::training, &S::schedule, {"constant", "step", "cosine"},
                    "of the learning rate over the epochs"));
  f.push_back(number("warmup_epochs", G::training, &S::warmup_epochs, 0, 1e6,
                     "learning rate grows from 0 over this many epochs"));
  f.push_back(
      number("step_epochs", G::training, &S::step_epochs, 1, 1e6, "schedule step: epochs between two cuts"));
  f.push_back(number("gamma", G::training, &S::gamma, 0, 1, "schedule step: factor of each cut", true));
  f.push_back(free(number("patience", G::training, &S::patience, 0, 1e6,
                          "stop after this many epochs without a better val AUC; 0 never")));
}

void add_machine(Fields& f) {
  f.push_back(free(
      shown_as(number("threads", G::machine, &S::threads, 1, 4096, "OpenMP threads, at most one per CPU"),
               "all CPUs")));
  f.push_back(free(flag("oversubscribe", G::machine, &S::oversubscribe,
                        "allow more threads than CPUs: many times slower")));
  f.push_back(free(flag("latency", G::machine, &S::latency, "measure the latency after training")));
  f.push_back(free(number("latency_iterations", G::machine, &S::latency_iterations, 5, 1e6,
                          "timed runs per batch size, after warm-up")));
  f.push_back(aside(flag("latency_only", G::machine, &S::latency_only,
                         "no training: measure a forward pass on random images")));
  f.push_back(
      aside(shown_as(number("repeat_for", G::machine, &S::repeat_for, 0, kAnyCount,
                            "no training: repeat the forward pass this many seconds, for a profiler", true),
                     "off")));
}

void add_output(Fields& f) {
  f.push_back(aside(shown_as(text("name", G::output, &S::name, "the run's folder below --out; must be new"),
                             "made of variant, data, seed, time")));
  f.push_back(aside(text("out", G::output, &S::out, "folder that holds the runs' folders")));
  f.push_back(aside(words("progress", G::output, &S::progress, {"auto", "bar", "plain", "none"},
                          "auto is a bar on a terminal, plain lines elsewhere")));
  f.push_back(aside(shown_as(
      text("resume", G::output, &S::resume, "resume the run in this folder as if it had never stopped"),
      "off")));
  f.push_back(aside(
      shown_as(text("config", G::output, &S::config, "YAML file of settings; flags win over it"), "none")));
  f.push_back(
      aside(shown_as(text("track", G::output, &S::track,
                          "MLflow server (http(s)://HOST/PATH, DagsHub too) to log the run to, or off"),
                     "MLFLOW_TRACKING_URI, or off")));
  f.push_back(aside(shown_as(text("experiment", G::output, &S::experiment, "experiment on that server"),
                             "MLFLOW_EXPERIMENT_NAME, _ID, or DownScaleXR")));
}

Fields make_fields() {
  Fields f;
  add_network(f);
  add_data(f);
  add_preprocessing(f);
  add_augmentation(f);
  add_noise(f);
  add_training(f);
  add_machine(f);
  add_output(f);
  return f;
}

}  // namespace

std::string title_of(SettingGroup group) {
  switch (group) {
    case G::network:
      return "Network";
    case G::data:
      return "Data";
    case G::preprocessing:
      return "Preprocessing (all splits)";
    case G::augmentation:
      return "Augmentation (training split only)";
    case G::noise:
      return "Label noise (training split only)";
    case G::training:
      return "Training";
    case G::machine:
      return "Machine and measuring";
    case G::output:
      return "Output";
  }
  return "";
}

const std::vector<SettingGroup>& setting_groups() {
  static const std::vector<SettingGroup> groups = {G::network, G::data,     G::preprocessing, G::augmentation,
                                                   G::noise,   G::training, G::machine,       G::output};
  return groups;
}

const std::vector<Field>& setting_fields() {
  static const std::vector<Field> fields = make_fields();
  return fields;
}

const Field* find_field(const std::string& key) {
  for (const Field& field : setting_fields())
    if (field.key == key) return &field;
  return nullptr;
}

}  // namespace dsx::settings

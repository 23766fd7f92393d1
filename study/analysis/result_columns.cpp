// One row per column that any table has: the same name means the same thing in all of them.
#include "study/analysis/result_columns.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace dsx::analysis {
namespace {

using Columns = std::vector<ResultColumn>;
constexpr bool kText = true;

// What a row is of, and the estimate with its intervals.
Columns labels_and_estimates() {
  return {
      {"noise_kind", "", "kind of label noise in training; empty at noise 0", kText},
      {"noise", "share", "share of training labels made wrong"},
      {"train_images", "", "training images as asked for: all, a number, or a share", kText},
      {"variant", "", "downsampling operator", kText},
      {"variant_a", "", "figures are of a minus b, or of a over b", kText},
      {"variant_b", "", "see variant_a", kText},
      {"seed", "", "of initialisation, order, split and noise"},
      {"split", "", "train, val or test", kText},
      {"rule", "",
       "how val chose the threshold: youden, sensitivity, cost, half; _again: for the run; empty: none",
       kText},
      {"metric", "", "what is measured", kText},
      {"gap", "", "first split minus second", kText},
      {"value", "", "the figure"},
      {"low", "", "lower end of the interval"},
      {"high", "", "upper end of the interval"},
      {"se", "", "standard error"},
      {"p", "", "two-sided; missing where nothing is tested"},
      {"method", "", "how interval and p were made", kText},
      {"not_estimable", "", "why there is no figure; empty otherwise", kText},
      {"seeds", "", "how many seeds"},
      {"lowest", "", "of one seed"},
      {"highest", "", "of one seed"},
      {"low_these_images", "", "lower end for new seeds on these images"},
      {"high_these_images", "", "upper end for new seeds on these images"},
      {"observed_sd", "", "of the figures over seeds: seeds and part of the images mixed"},
      {"seed_sd", "", "what the seed does beyond the images' noise"},
      {"image_sd", "", "of one seed's figure over new subjects"},
      {"shared_image_sd", "", "part of image_sd that more seeds do not reduce"},
      {"not_learnt", "seeds", "with a network whose training loss stayed near chance"},
      {"detectable", "",
       "smaller differences would be missed more than once in five times, at alpha over the pairs"},
  };
}

// Cells and curves.
Columns of_cells() {
  return {
      {"name", "", "folder of the cell, or the image", kText},
      {"best_epoch", "", "epoch of the checkpoint, by val AUC"},
      {"epochs", "", "epochs trained"},
      {"epoch", "", "from 1"},
      {"training_s", "s", "all epochs"},
      {"parameters", "", "trainable"},
      {"size_mib", "MiB", "of the parameters in float32"},
      {"mflop", "MFLOP", "per image, forward, of the definition"},
      {"executed_mflop", "MFLOP", "per image, forward, of the kernels: fewer with --algorithm fast"},
      {"wrong_labels", "", "training labels made wrong"},
      {"train_count", "images", "that it learnt from"},
      {"chance_loss", "", "training loss of a network that guesses"},
      {"learnt", "", "0: its training loss stayed near chance, do not read its figures"},
      {"class", "", "", kText},
      {"positive_class", "", "the class that figures call positive, by its name", kText},
      {"images", "", ""},
      {"subjects", "", "patients; images of one are resampled together"},
      {"help", "", "what the operator does", kText},
      {"false_positive_rate", "share", ""},
      {"true_positive_rate", "share", ""},
      {"recall", "share", ""},
      {"precision", "share", ""},
  };
}

// Decisions at a threshold, of cells and of single images.
Columns of_decisions() {
  return {
      {"logit", "", "threshold on the logit"},
      {"probability", "", "the same as a probability"},
      {"val_sensitivity", "share", "on the images that chose the threshold"},
      {"val_specificity", "share", "on the images that chose the threshold"},
      {"tp", "images", ""},
      {"fp", "images", ""},
      {"tn", "images", ""},
      {"fn", "images", ""},
      {"prevalence", "share", "of positives among the test images"},
      {"on", "", "positives: sensitivity; negatives: specificity", kText},
      {"both", "images", "called positive by both"},
      {"a_only", "images", "called positive by a alone"},
      {"b_only", "images", "called positive by b alone"},
      {"neither", "images", ""},
      {"subject", "", "", kText},
      {"label", "", "1 is positive"},
      {"wrong", "seeds", "whose Youden decision is wrong"},
      {"mean_probability", "", "predicted"},
      {"bin", "", "from 1"},
      {"observed", "share", "of positives"},
      {"pixels", "pixels", "of the shift"},
  };
}

// Networks run with other operators.
Columns of_swap() {
  return {
      {"run_with", "", "operator that the network was run with", kText},
      {"part", "",
       "of a difference: difference, operator, training, and each order of operator; of sentences: their "
       "subject",
       kText},
      {"power", "", "p of the power mean over 2x2: 1 the average, inf the maximum", kText},
      {"check", "", "what must be equal to rounding", kText},
      {"largest_difference", "", "of a logit"},
      {"decisions_changed", "images", "at probability .5"},
  };
}

// Latency.
Columns of_latency() {
  return {
      {"batch", "images", ""},
      {"engine", "", "fused kernels, or oneDNN's primitives", kText},
      {"size", "pixels", "side of the image"},
      {"wait", "", "OpenMP's waiting: active (spinning) or passive", kText},
      {"load", "", "what runs beside: none, compute, memory", kText},
      {"threads", "", "OpenMP threads"},
      {"process", "", "from 1; of an earlier version's latency.json: a plan built anew within one process"},
      {"processes", "", "that were timed"},
      {"start_s", "s", "since the measurement began"},
      {"sample", "", "from 1, in order of time"},
      {"ms", "ms", ""},
      {"median_ms", "ms", ""},
      {"median_low_ms", "ms", ""},
      {"median_high_ms", "ms", ""},
      {"p90_ms", "ms", ""},
      {"p90_low_ms", "ms", ""},
      {"p90_high_ms", "ms", ""},
      {"p99_ms", "ms", ""},
      {"p99_low_ms", "ms", ""},
      {"p99_high_ms", "ms", ""},
      {"images_per_s", "1/s", "batch over the median"},
      {"samples", "", ""},
      {"disturbed", "samples", "during which another process took a core"},
      {"busy", "", "1: the machine had other work, do not trust it"},
      {"iqr_percent", "%", "of single passes within a process: IQR / median, the processes' median"},
      {"within_percent", "%", "standard deviation of a process's median that its limited samples make"},
      {"between_percent", "%", "standard deviation of processes' medians at one time"},
      {"over_time_percent", "%", "standard deviation of processes' medians that changes slowly over the run"},
      {"lowest_ms", "ms", "median of a process"},
      {"highest_ms", "ms", "median of a process"},
      {"next_low_ms", "ms", "lower end for the median of one further process"},
      {"next_high_ms", "ms", "upper end for the median of one further process"},
      {"memory_correlation", "", "Spearman's, of the processes' medians and memory_slowdown"},
      {"spread", "", "what to know of the next process; empty: samples within one explain the spread", kText},
      {"l2_ns", "ns", "of a load that comes from L2"},
      {"l3_ns", "ns", "of a load that comes from L3"},
      {"memory_ns", "ns", "of a load that comes from memory"},
      {"read_gb_per_s", "GB/s", "one thread reads memory in order"},
      {"l3_ours_mib", "MiB", "of the L3, that is really ours"},
      {"memory_slowdown", "", "times slower than the fastest quarter of all readings"},
      {"unlike", "", "1: memory differed by more than 1.3 times from its fastest quarter"},
  };
}

// Questions, claims and their verdicts.
Columns of_answers() {
  return {
      {"column", "", "of the original's table", kText},
      {"original", "", "what the original reported"},
      {"question", "", "", kText},
      {"family", "", "comparisons that are corrected together", kText},
      {"comparison", "", "", kText},
      {"p_holm", "", "p after Holm's correction within the family"},
      {"margin", "", "difference that does not matter, declared before the run; missing: none was"},
      {"p_equivalent", "", "of 'the difference is at least the margin', after Holm's correction"},
      {"p_no_worse", "",
       "of 'one is worse by the margin or more', after Holm's correction; the likelier way"},
      {"needed_seeds", "", "seeds in all that would decide it on these test images; inf: never"},
      {"needed_subjects", "", "more test subjects that would decide it with these seeds; inf: never"},
      {"verdict", "", "", kText},
      {"sentence", "", "", kText},
      {"claim", "", "", kText},
      {"measurement", "", "", kText},
      {"how_decided", "", "how the verdict follows from the intervals", kText},
      {"repeat_with", "", "command", kText},
  };
}

// What operators do to signals and to activations (study/mechanism).
Columns of_mechanism() {
  return {
      {"signal", "", "level: 1 + cosine; rectified: a cosine behind ReLU", kText},
      {"direction", "", "of the grating: horizontal, diagonal", kText},
      {"frequency", "cycles/pixel", "of the grating, before the operator"},
      {"gain", "", "output amplitude over input amplitude, mean over phases"},
      {"gain_low", "", "least over phases"},
      {"gain_high", "", "most over phases"},
      {"mean_ratio", "", "mean of the output over mean of the input"},
      {"elsewhere", "share", "of the output's variance at other frequencies than the grating's"},
      {"probe", "", "the signal that the operator was given", kText},
      {"layer", "", "the Downsample", kText},
      {"place", "", "before or after the operator; change: after over or minus before", kText},
      {"seen", "", "how test images were shown; windows: covered one window at a time", kText},
      {"top", "share", "of the image's height: first row of the window"},
      {"left", "share", "of the image's width: first column of the window"},
      {"bottom", "share", "of the image's height: end of the window"},
      {"right", "share", "of the image's width: end of the window"},
      {"logit_fall", "", "logit of the image minus logit with the window in grey"},
      {"evidence_share", "share", "of the absolute falls of all windows"},
      {"image_logit", "", "of the image as it is"},
      {"word", "", "what the original study said of an operator", kText},
      {"measure", "", "what the word was measured by", kText},
      {"no_effect", "", "the value that would mean that the word says nothing"},
      {"reading", "", "yes, no or cannot tell; of a pair more, less or cannot tell", kText},
  };
}

const Columns& dictionary() {
  static const Columns columns = [] {
    Columns all;
    for (const auto& part : {labels_and_estimates(), of_cells(), of_decisions(), of_swap(), of_latency(),
                             of_answers(), of_mechanism()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return columns;
}

// Columns of `epochs` are metrics of train and val with the split in front.
const Columns& epoch_columns() {
  static const Columns columns = [] {
    Columns made = {{"lr", "", "learning rate of the epoch's last step"},
                    {"train_s", "s", "training part of the epoch"}};
    for (const std::string split : {"train", "val"})
      for (const std::string metric : {"loss", "accuracy", "precision", "recall", "specificity", "f1", "auc"})
        made.push_back({split + "_" + metric, "",
                        split == "train" ? "running, on the labels that training saw" : "after the epoch"});
    return made;
  }();
  return columns;
}

}  // namespace

const ResultColumn& result_column(const std::string& name) {
  for (const auto* columns : {&dictionary(), &epoch_columns()}) {
    const auto found = std::find_if(columns->begin(), columns->end(),
                                    [&](const ResultColumn& column) { return column.name == name; });
    if (found != columns->end()) return *found;
  }
  throw std::invalid_argument("no column is called " + name);
}

}  // namespace dsx::analysis

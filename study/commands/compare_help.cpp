#include "study/commands/compare_help.hpp"

namespace dsx::commands {

std::string compare_help() {
  return R"(study compare: train every variant over several seeds and levels of label noise, and compare them.

Usage: study compare [FLAGS] [SETTINGS]

A cell is one variant with one seed and one noise level: a normal run in <out>/cells/<name>, in a process of
its own. All variants of a seed see the same images, splits, order, augmentation and wrong labels, so that
their differences are paired. A finished cell is never run again; a sweep that was stopped or killed resumes
with the same command, or with `study compare --out DIR` alone, and loses at most the epoch that was running.
A cell that fails is reported and does not stop the others.

Cells:
  --variants A,B,...          operators to compare, see the table below [avgpool,maxpool,strided]
  --seeds 5 | 1,2,7 | 3-6     how many seeds (from 1), or which [3]
  --label-noise R,R,...       shares of training labels made wrong, 0 to 0.5 [0]
  --noise-kinds K,K,...       symmetric, positive_to_negative, negative_to_positive, instance [symmetric]
  --train-images N,N,...      training images: numbers (100,400,all) or shares (0.1,0.5,all), nested, by subject,
                              stratified by class; an epoch is as many passes over them as fit into all, so that
                              all sizes take as many steps (--train-passes). With clean labels; noise with the
                              most alone [all]
  --noise-seeds N | 1,2 | ... seeds that also run with noise above 0 [those of --seeds]
  --until-decided             add seeds until test AUC, and sensitivity and specificity at 95% sensitivity on val, are
                              decided for every pair on clean labels: different, equivalent or no worse. Verdicts are
                              drawn at most 4 times, at numbers of seeds fixed before the first; each is at alpha
                              over the number of looks, so that all together err no more than one would
  --max-seeds N               with --until-decided: never more [20]
  --budget TIME               with --until-decided: add no seeds that would take longer (4h, 90m) [no limit]
  --plan                      what these seeds and test images can decide; after a run, what is undecided and what
                              would decide it. Trains nothing

Running:
  --jobs N                    cells side by side; they share --threads [1]
  --out DIR                   the sweep's folder; an existing one is resumed, and may get more variants,
                              seeds or noise [results/compare/DATA-TIME]
  --retry-failed              retry cells that failed before
  --dry-run                   list the cells, how far each is, how long it may take, and its own command
  --json                      with --dry-run: the same as JSON, for scripts/workflows/Snakefile

A cell's own command runs anywhere; its folder, put into <out>/cells, counts as finished. Folders of several
machines merge that way: copy all cells into one and run `study compare --out` on it.

Files in DIR:
  compare.yaml                the sweep: cells and settings
  cells/NAME/                 run.h5, summary.json, config.yaml and checkpoints of each cell
  logs/NAME.log               what each cell printed
  compare.h5, compare.json, tables/*.csv   all figures with intervals, verdicts, claims of the original study;
                              docs/comparison_files.md describes them
  report/report.html, report.md, figures/  drawn from them by scripts/report; `study report DIR` does it again

Without --data and settings, the built-in images are made fewer and learnt by --engine fused --algorithm fast (see
the first lines of output), so that the default sweep ends sooner.

Exit code: 0 when all cells are finished, else that of the first one that failed (`study --help` lists them);
130 when stopped.

)";
}

std::string compare_examples() {
  return R"(Examples:
  study compare                                                built-in data; says how long it may take
  study compare --data chest_xray --seeds 5 --epochs 10
  study compare --data chest_xray --seeds 5 --noise-seeds 3 --label-noise 0,0.2 --out results/compare/noise
  study compare --out results/compare/noise                    resume it
  study compare --seeds 2 --jobs 2 --dry-run
)";
}

}  // namespace dsx::commands

// The commands are made from the same flags that run_sweep.cpp starts its own processes with.
#include "study/sweep/sweep_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"
#include "study/sweep/memory.hpp"
#include "study/sweep/plan_sweep.hpp"

namespace dsx::sweep {
namespace {

std::vector<std::string> arguments_of(const PlannedCell& cell) {
  std::vector<std::string> arguments = {"train"};
  for (std::string& flag : flags_of(cell.settings)) arguments.push_back(std::move(flag));
  return arguments;
}

std::string command_of(const PlannedCell& cell) {
  std::string command("study");
  for (const std::string& word : arguments_of(cell)) command.append(1, ' ').append(bench::shell_quoted(word));
  return command;
}

// 0 for a cell that this sweep would not run.
double seconds_to_run(const PlannedCell& cell, const SweepView& view, const Estimator& estimator) {
  if (!is_to_run(cell, view.options.retry_failed)) return 0;
  return seconds_left(cell, estimator, view.data.train_images);
}

std::string noise_words(const Sweep& sweep) {
  std::string words = fmt::format("label noise {}", fmt::join(sweep.rates, ", "));
  if (std::all_of(sweep.rates.begin(), sweep.rates.end(), [](double rate) { return rate == 0; }))
    return words;
  words += fmt::format(" ({})", fmt::join(sweep.noise_kinds, ", "));
  if (!sweep.noise_seeds.empty())
    words += fmt::format(", above 0 only for seeds {}", fmt::join(sweep.noise_seeds, ", "));
  return words;
}

// Whose test images a figure over seeds is of.
std::string split_words(const SweepView& view) {
  if (view.data.own_splits)
    return "every seed draws its own test or val images, since the data has no such split; --seed-split 1 "
           "gives all "
           "seeds the same\n";
  return view.sweep.base.seed_split < 0
             ? ""
             : fmt::format("all seeds share the splits that --seed-split {} draws, where the data has none\n",
                           view.sweep.base.seed_split);
}

std::string size_words(const SweepView& view) {
  const std::vector<double>& sizes = view.sweep.train_images;
  if (sizes.size() == 1 && std::isinf(sizes.front())) return "";
  const auto available = static_cast<std::size_t>(view.data.train_images);
  std::vector<std::string> words;
  for (const double size : sizes) {
    const std::size_t count = settings::count_train_images(size, available);
    settings::Settings settings = view.sweep.base;
    settings.train_images = settings::train_images_text(size);
    const double passes = images_per_epoch(settings, view.data.train_images) / static_cast<double>(count);
    words.push_back(passes == 1 ? std::to_string(count) : fmt::format("{} ({:g} passes)", count, passes));
  }
  return fmt::format(
      "trained on {} images (passes over them in an epoch{}); nested, by subject, stratified; label noise "
      "with the most "
      "only\n",
      fmt::join(words, ", "),
      view.sweep.base.train_passes > 0 ? ", by --train-passes" : ", so that all sizes take as many steps");
}

}  // namespace

std::string plan_text(const SweepView& view) {
  const Sweep& sweep = view.sweep;
  std::string text = view.data.description + "\n";
  for (const std::string& line : view.data.notes) text += line + "\n";
  for (const run::SplitCount& split : view.data.splits)
    text += fmt::format("{:<5} {} {}, {} {}\n", data::to_string(split.split), split.negatives,
                        view.data.class_names.at(0), split.positives, view.data.class_names.at(1));
  text += fmt::format("{}; seeds {}; {}\n", fmt::join(sweep.variants, ", "), fmt::join(sweep.seeds, ", "),
                      noise_words(sweep));
  text += split_words(view) + size_words(view);
  const auto finished = std::count_if(view.cells.begin(), view.cells.end(), [](const PlannedCell& cell) {
    return cell.state.status == CellStatus::finished;
  });
  text += fmt::format("{} of {}, {} finished; {} at a time, threads of each: {}\n",
                      counted(view.cells.size(), "cell"), counted(sweep.base.epochs, "epoch"), finished,
                      view.options.jobs, view.options.threads_per_job);
  return text + fmt::format("folder {}\n", view.folder.string());
}

std::string dry_run_text(const SweepView& view) {
  const Estimator estimator = make_estimator(view.cells, view.options.threads_per_job);
  double total_s = 0;
  cli::TextTable table({"cell", "state", "epochs", "about"});
  for (const PlannedCell& cell : view.cells) {
    const double left_s = seconds_to_run(cell, view, estimator);
    total_s += left_s;
    table.add({name_of(cell.spec), to_string(cell.state.status),
               fmt::format("{}/{}", cell.state.epochs_done, cell.settings.epochs),
               left_s > 0 ? cli::duration(left_s) : "-"});
  }
  std::string text = fmt::format("{}\n\n{}\nEach cell by itself, anywhere (its folder goes into {}):\n",
                                 in_all_text(total_s / view.options.jobs, view.options.after(estimator)),
                                 table.str(), (view.folder / "cells").string());
  for (const PlannedCell& cell : view.cells) text += command_of(cell) + "\n";
  return text;
}

double all_images(const SweepData& data) {
  double images = 0;
  for (const run::SplitCount& split : data.splits)
    images += static_cast<double>(split.negatives + split.positives);
  return images;
}

nlohmann::ordered_json dry_run_json(const SweepView& view) {
  const Estimator estimator = make_estimator(view.cells, view.options.threads_per_job);
  nlohmann::ordered_json cells = nlohmann::ordered_json::array();
  for (const PlannedCell& cell : view.cells)
    cells.push_back({{"name", name_of(cell.spec)},
                     {"variant", cell.spec.variant},
                     {"seed", cell.spec.seed},
                     {"noise_kind", cell.spec.noise_kind},
                     {"label_noise", cell.spec.noise_rate},
                     {"train_images", settings::train_images_text(cell.spec.train_images)},
                     {"state", to_string(cell.state.status)},
                     {"epochs_done", cell.state.epochs_done},
                     {"seconds_left", seconds_to_run(cell, view, estimator)},
                     {"memory_mib", std::ceil(cell_memory_mib(cell.settings, all_images(view.data)))},
                     {"folder", cell.folder.string()},
                     {"arguments", arguments_of(cell)},
                     {"command", command_of(cell)}});
  return {{"format", "downscalexr-sweep"},
          {"version", 1},
          {"folder", view.folder.string()},
          {"threads", view.options.threads_per_job},
          {"cells", cells}};
}

}  // namespace dsx::sweep

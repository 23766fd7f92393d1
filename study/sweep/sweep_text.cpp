// The commands are made from the same flags that run_sweep.cpp starts its own processes with.
#include "study/sweep/sweep_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"
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
  std::string text =
      fmt::format("about {} in all\n\n{}\nEach cell by itself, anywhere (its folder goes into {}):\n",
                  cli::duration(total_s / view.options.jobs), table.str(), (view.folder / "cells").string());
  for (const PlannedCell& cell : view.cells) text += command_of(cell) + "\n";
  return text;
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
                     {"state", to_string(cell.state.status)},
                     {"epochs_done", cell.state.epochs_done},
                     {"seconds_left", seconds_to_run(cell, view, estimator)},
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

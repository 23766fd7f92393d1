// The order of things at the end of a sweep: figures, one bootstrap for all of them, tables, verdicts, files,
// text.
#include "study/findings/finish.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/analysis/analysis.hpp"
#include "study/analysis/calibration.hpp"
#include "study/analysis/cell_tables.hpp"
#include "study/analysis/decision.hpp"
#include "study/analysis/decision_pairs.hpp"
#include "study/analysis/generalization.hpp"
#include "study/analysis/latency_tables.hpp"
#include "study/analysis/limited.hpp"
#include "study/analysis/resized.hpp"
#include "study/analysis/robustness.hpp"
#include "study/analysis/shift.hpp"
#include "study/cli/exit_code.hpp"
#include "study/findings/answer.hpp"
#include "study/findings/claims.hpp"
#include "study/findings/declared.hpp"
#include "study/findings/headline.hpp"
#include "study/findings/mechanism_files.hpp"
#include "study/findings/report_script.hpp"
#include "study/findings/results_text.hpp"
#include "study/findings/verdicts.hpp"
#include "study/findings/write_results.hpp"
#include "study/mechanism/mechanism.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/swap/swap_figures.hpp"
#include "study/swap/swap_tables.hpp"
#include "study/swap/swap_text.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;

bench::Fields shared_settings(const settings::Settings& settings) {
  bench::Fields fields;
  for (const settings::Field& field : settings::setting_fields()) {
    // The engine may change between cells' epochs, but latency is the engine's.
    const bool wanted = field.key == "engine" || sweep::decides_numbers(field);
    if (wanted && !sweep::is_axis(field))
      fields.emplace_back(field.key, settings::value_text(settings, field));
  }
  return fields;
}

void describe(analysis::Analysis& analysis, const FinishOptions& options) {
  const analysis::Cell& first = *analysis.comparison.cells.front().cell;
  analysis::ComparisonResults& results = analysis.results;
  results.command = options.command;
  results.data = analysis::data_text(first);
  results.negative = first.class_names.at(0);
  results.positive = first.class_names.at(1);
  results.confidence = analysis.comparison.options.confidence;
  results.alpha = analysis.comparison.options.alpha;
  results.resamples = analysis.comparison.options.resamples;
  results.cost_ratio = analysis.comparison.options.cost_ratio;
  results.environment = bench::environment_fields(bench::read_environment(options.command));
  results.settings = shared_settings(first.settings);
  const analysis::CompareOptions& declared = analysis.comparison.options;
  results.settings.emplace_back("margin_auc", fmt::format("{:g} points", 100 * declared.margin_auc));
  results.settings.emplace_back("margin_rate", fmt::format("{:g} points", 100 * declared.margin_rate));
  results.settings.emplace_back("looks", fmt::format("{}", declared.looks));
  results.notes = {
      "An interval over seeds holds for new seeds and new patients (Obuchowski-Rockette, patients "
      "resampled). "
      "lowest and highest are single seeds.",
      "Thresholds are chosen on val and frozen; test takes part in no choice. On val itself they look a "
      "little too "
      "good.",
      "A difference is taken seed by seed and image by image (a - b), so that what both share cancels.",
      "p_holm is corrected within a family: all comparisons of one question at one noise level. Intervals "
      "are of one comparison alone: one may leave out 0 where the corrected p cannot tell.",
      fmt::format(
          "Margins, in points: {:g} of AUC, {:g} of shares, {}. Equivalent: the interval lies within them, "
          "corrected in the same way. What would decide a comparison supposes that its difference is the "
          "observed one.",
          100 * declared.margin_auc, 100 * declared.margin_rate,
          margins_text(options.margin_auc || options.margin_rate))};
  if (declared.looks > 1)
    results.notes.push_back(
        fmt::format("Seeds were added until the main questions were decided, with {} looks planned: every "
                    "verdict is at alpha {:g} "
                    "over {}, so that all looks together err as often as one.",
                    declared.looks, declared.alpha, declared.looks));
}

analysis::LatencyRun latency_of(const fs::path& folder, const analysis::Comparison& comparison,
                                const FinishOptions& options) {
  analysis::LatencyRequest request;
  request.variants = comparison.variants;
  request.settings = comparison.cells.front().cell->settings;
  request.threads = options.threads;
  request.seconds = options.latency_seconds;
  request.processes = options.latency_processes;
  request.again = options.latency_again;
  request.progress = options.progress;
  if (options.latency) return analysis::run_latency(folder, request);
  analysis::LatencyRun none;
  none.not_available = "not measured (--no-latency)";
  return none;
}

// Its tables beside the others, and its own file.
void add_mechanism(const fs::path& folder, const std::vector<analysis::Cell>& cells,
                   const FinishOptions& options, analysis::Analysis& analysis) {
  if (!options.mechanism) return;
  mechanism::MechanismOptions wanted;
  wanted.seeds = options.mechanism_seeds;
  wanted.images = options.mechanism_images;
  wanted.statistics = analysis.comparison.options;
  const mechanism::Mechanism found = mechanism::mechanism_of(cells, wanted);
  analysis::ComparisonResults& results = analysis.results;
  results.tables.insert(results.tables.end(), found.tables.begin(), found.tables.end());
  results.notes.insert(results.notes.end(), found.notes.begin(), found.notes.end());
  write_mechanism(folder, options.command, found);
}

// Given, or where `study explain --out DIR/explain` put it.
fs::path explain_of(const fs::path& folder, const FinishOptions& options) {
  std::error_code ignored;
  if (!options.explain.empty()) return options.explain;
  for (const fs::path& path : {folder / "explain.json", folder / "explain" / "explain.json"})
    if (fs::exists(path, ignored)) return path;
  return {};
}

// Cells of a sweep with the other --resize; none where none was given.
std::vector<analysis::Cell> resized_of(const fs::path& folder, const FinishOptions& options) {
  std::error_code ignored;
  if (!options.resized.empty()) return analysis::load_cells(options.resized);
  return fs::exists(folder / "resized" / "cells", ignored) ? analysis::load_cells(folder / "resized")
                                                           : std::vector<analysis::Cell>{};
}

// Tables whose figures would mean the opposite if the other class were the positive one say which it is; the
// large ones (HDF5 only) leave it to the file's attribute.
void name_positive_class(analysis::ComparisonResults& results) {
  static const std::set<std::string> telling = {"metric", "rule",     "tp",       "true_positive_rate",
                                                "recall", "observed", "question", "train_recall",
                                                "claim",  "original"};
  for (analysis::ResultTable& table : results.tables) {
    const bool tells =
        std::any_of(table.columns.begin(), table.columns.end(),
                    [](const analysis::ResultColumn& column) { return telling.contains(column.name); });
    if (!tells || table.only_h5) continue;
    table.columns.push_back(analysis::result_column("positive_class"));
    for (auto& row : table.rows) row.emplace_back(results.positive);
  }
}

// What was decided, and how much was not.
std::string decided_text(const analysis::ResultTable& verdicts) {
  std::string text;
  std::size_t open = 0;
  for (std::size_t r = 0; r < verdicts.rows.size(); ++r) {
    const std::string& word = verdicts.text(r, "verdict");
    if (word == "cannot tell" || word == "undecided" || word == "not estimable")
      ++open;
    else
      text += "  * " + verdicts.text(r, "sentence") + "\n";
  }
  return "What these data decide (corrected for several comparisons):\n" + text +
         (open > 0 ? fmt::format("  {} of {} are open; tables/swap_verdicts.csv has their sentences\n", open,
                                 counted(verdicts.rows.size(), "comparison"))
                   : "");
}

}  // namespace

void finish_swap(const fs::path& folder, const FinishOptions& options) {
  const std::vector<analysis::Cell> cells = analysis::load_cells(folder);
  const analysis::Comparison comparison =
      analysis::make_comparison(cells, compare_options_of(folder, options));
  analysis::Analysis analysis(comparison);
  describe(analysis, options);
  const std::vector<swap::SwapLogits> swapped = swap::swapped_logits(cells, options.progress);
  if (std::none_of(swapped.begin(), swapped.end(), [](const auto& s) { return s.not_available.empty(); }))
    throw DataError(
        fmt::format("{}: no cell could be run: {}", folder.string(), swapped.front().not_available));
  swap::add_swap_figures(analysis, swapped);
  analysis.figures.run();
  swap::add_swap_tables(analysis, swapped, true);
  add_verdicts(analysis);
  analysis.results.tables.back().name = "swap_verdicts";  // the comparison's own stay
  write_part(folder, "swap.json", analysis.results);
  fmt::print("{}\n", swap::swap_text(analysis.results));
  const analysis::ResultTable& verdicts = analysis.results.table("swap_verdicts");
  fmt::print("{0}\nAll figures: {1}/swap.json, {1}/tables/swap*.csv\n", decided_text(verdicts),
             folder.string());
}

int finish_compare(const fs::path& folder, const FinishOptions& options) {
  const std::vector<analysis::Cell> cells = analysis::load_cells(folder);
  const analysis::Comparison comparison =
      analysis::make_comparison(cells, compare_options_of(folder, options));
  analysis::Analysis analysis(comparison);
  describe(analysis, options);
  analysis::add_generalization_figures(analysis);
  analysis::add_decision_figures(analysis);
  analysis::add_disagreement_figures(analysis);
  analysis::add_calibration_figures(analysis);
  if (options.shift) analysis::add_shift_figures(analysis, analysis::shifted_logits(cells, options.progress));
  std::vector<swap::SwapLogits> swapped;
  if (options.swap) {
    swapped = swap::swapped_logits(cells, options.progress);
    swap::add_swap_figures(analysis, swapped);
  }
  analysis.figures.run();
  analysis::add_cell_tables(analysis);
  analysis::add_generalization_tables(analysis);
  analysis::add_robustness_tables(analysis);
  analysis::add_limited_tables(analysis);
  analysis::add_resized_table(analysis, resized_of(folder, options));
  analysis::add_curves(analysis);
  analysis::add_decision_tables(analysis);
  analysis::add_pair_tables(analysis);
  analysis::add_calibration_tables(analysis);
  analysis::add_shift_tables(analysis, options.shift);
  swap::add_swap_tables(analysis, swapped, options.swap);
  add_mechanism(folder, cells, options, analysis);
  analysis::add_latency_tables(analysis, latency_of(folder, comparison, options));
  add_verdicts(analysis);
  analysis.results.tables.push_back(answer_of(analysis.results));
  add_headline(analysis);
  const fs::path explained = explain_of(folder, options);
  add_claims(analysis, explained, are_claims_wanted(options.claims, *comparison.cells.front().cell));
  name_positive_class(analysis.results);
  write_results(folder, analysis.results);
  fmt::print("{}", results_text(analysis.results, folder));
  std::fflush(stdout);
  return options.page ? run_report_script(folder, explained) : static_cast<int>(cli::ExitCode::ok);
}

std::vector<std::string> open_questions(const fs::path& folder, const FinishOptions& options) {
  const std::vector<analysis::Cell> cells = analysis::load_cells(folder);
  const analysis::Comparison comparison =
      analysis::make_comparison(cells, compare_options_of(folder, options));
  analysis::Analysis analysis(comparison);
  analysis::add_generalization_figures(analysis);
  analysis::add_decision_figures(analysis);
  analysis.figures.run();
  analysis::add_generalization_tables(analysis);
  analysis::add_decision_tables(analysis);
  return open_main_questions(analysis);
}

}  // namespace dsx::findings

// The order of things at the end of a sweep: figures, one bootstrap for all of them, tables, verdicts, files,
// text.
#include "study/findings/finish.hpp"

#include <fmt/core.h>

#include <cstdio>

#include "bench/measure/environment.hpp"
#include "study/analysis/analysis.hpp"
#include "study/analysis/calibration.hpp"
#include "study/analysis/cell_tables.hpp"
#include "study/analysis/decision.hpp"
#include "study/analysis/decision_pairs.hpp"
#include "study/analysis/generalization.hpp"
#include "study/analysis/latency_tables.hpp"
#include "study/analysis/robustness.hpp"
#include "study/analysis/shift.hpp"
#include "study/cli/exit_code.hpp"
#include "study/findings/claims.hpp"
#include "study/findings/declared.hpp"
#include "study/findings/headline.hpp"
#include "study/findings/report_script.hpp"
#include "study/findings/results_text.hpp"
#include "study/findings/verdicts.hpp"
#include "study/findings/write_results.hpp"
#include "study/settings/settings_fields.hpp"
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
          "Margins: {:g} points of AUC, {:g} points of shares, {}. Equivalent: two one-sided tests, "
          "corrected "
          "in the same way. What would decide a comparison supposes that its difference is the observed one.",
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
  request.again = options.latency_again;
  request.progress = options.progress;
  if (options.latency) return analysis::run_latency(folder, request);
  analysis::LatencyRun none;
  none.not_available = "not measured (--no-latency)";
  return none;
}

// Given, or where `study explain --out DIR/explain` put it.
fs::path explain_of(const fs::path& folder, const FinishOptions& options) {
  std::error_code ignored;
  if (!options.explain.empty()) return options.explain;
  for (const fs::path& path : {folder / "explain.json", folder / "explain" / "explain.json"})
    if (fs::exists(path, ignored)) return path;
  return {};
}

}  // namespace

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
  analysis.figures.run();
  analysis::add_cell_tables(analysis);
  analysis::add_generalization_tables(analysis);
  analysis::add_robustness_tables(analysis);
  analysis::add_curves(analysis);
  analysis::add_decision_tables(analysis);
  analysis::add_pair_tables(analysis);
  analysis::add_calibration_tables(analysis);
  analysis::add_shift_tables(analysis, options.shift);
  analysis::add_latency_tables(analysis, latency_of(folder, comparison, options));
  add_verdicts(analysis);
  add_headline(analysis);
  const fs::path explained = explain_of(folder, options);
  add_claims(analysis, explained, are_claims_wanted(options.claims, *comparison.cells.front().cell));
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

// The order of things at the end of a sweep: figures, one bootstrap for all of them, tables, verdicts, files,
// text.
#include "study/compare/analysis.hpp"

#include <fmt/core.h>

#include <cstdio>

#include "bench/environment.hpp"
#include "study/compare/claims.hpp"
#include "study/compare/figure_sets.hpp"
#include "study/compare/report_script.hpp"
#include "study/compare/results_text.hpp"
#include "study/compare/sweep.hpp"
#include "study/compare/verdicts.hpp"
#include "study/exit_code.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;

Fields shared_settings(const Settings& settings) {
  Fields fields;
  for (const Field& field : setting_fields()) {
    // The engine may change between cells' epochs, but latency is the engine's.
    const bool wanted = field.key == "engine" || decides_numbers(field);
    if (wanted && !is_axis(field)) fields.emplace_back(field.key, value_text(settings, field));
  }
  return fields;
}

void describe(Analysis& analysis, const FinishOptions& options) {
  const Cell& first = *analysis.study.cells.front().cell;
  ComparisonResults& results = analysis.results;
  results.command = options.command;
  results.data = data_text(first);
  results.negative = first.class_names.at(0);
  results.positive = first.class_names.at(1);
  results.confidence = analysis.study.options.confidence;
  results.alpha = analysis.study.options.alpha;
  results.resamples = analysis.study.options.resamples;
  results.environment = environment_fields(read_environment(options.command));
  results.settings = shared_settings(first.settings);
  results.notes = {
      "An interval over seeds holds for new seeds and new patients: subjects and seeds are both resampled. "
      "lowest and highest are single seeds.",
      "Thresholds are chosen on val and frozen; test takes part in no choice. On val itself they look a "
      "little too "
      "good.",
      "A difference is taken seed by seed and image by image (a - b), so that what both share cancels.",
      "p_holm is corrected within a family: all comparisons of one question at one noise level. Intervals "
      "are of one comparison alone: one may leave out 0 where the corrected p cannot tell."};
}

LatencyRun latency_of(const fs::path& folder, const Study& study, const FinishOptions& options) {
  LatencyRequest request;
  request.variants = study.variants;
  request.settings = study.cells.front().cell->settings;
  request.threads = options.threads;
  request.seconds = options.latency_seconds;
  request.again = options.latency_again;
  request.progress = options.progress;
  if (options.latency) return run_latency(folder, request);
  LatencyRun none;
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
  const std::vector<Cell> cells = load_cells(folder);
  CompareOptions statistics;
  statistics.threads = options.threads;
  statistics.progress = options.progress;
  statistics.resamples = options.resamples;
  statistics.cost_ratio = options.cost_ratio;
  const Study study = make_study(cells, statistics);
  Analysis analysis(study);
  describe(analysis, options);
  add_generalization_figures(analysis);
  add_decision_figures(analysis);
  add_disagreement_figures(analysis);
  add_calibration_figures(analysis);
  if (options.shift) add_shift_figures(analysis, shifted_logits(cells, options.progress));
  analysis.figures.run();
  add_study_tables(analysis);
  add_generalization_tables(analysis);
  add_robustness_tables(analysis);
  add_curves(analysis);
  add_decision_tables(analysis);
  add_pair_tables(analysis);
  add_calibration_tables(analysis);
  add_shift_tables(analysis, options.shift);
  add_latency_tables(analysis, latency_of(folder, study, options));
  add_verdicts(analysis);
  add_headline(analysis);
  const fs::path explained = explain_of(folder, options);
  add_claims(analysis, explained);
  write_results(folder, analysis.results);
  fmt::print("{}", results_text(analysis.results, folder));
  std::fflush(stdout);
  return options.page ? run_report_script(folder, explained) : static_cast<int>(ExitCode::ok);
}

}  // namespace dsx

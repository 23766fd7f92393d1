// What each topic adds: figures of cells before the bootstrap, tables and records after it.
#pragma once

#include "study/analysis/latency_run.hpp"
#include "study/analysis/shift_run.hpp"
#include "study/analysis/topics.hpp"

namespace dsx::analysis {

// Everything that an analysis fills in.
struct Analysis {
  const Study& study;
  Figures figures;
  ComparisonResults results;
  Records records;
  explicit Analysis(const Study& of) : study(of), figures(of) {}
};

std::string data_text(const Cell& cell);  // study_tables.cpp: the data set, one line
// study_tables.cpp: cells, images, epochs, variants, curves, test_images.
void add_study_tables(Analysis& analysis);
void add_curves(Analysis& analysis);

// generalization.cpp
void add_generalization_figures(Analysis& analysis);
void add_generalization_tables(Analysis& analysis);
// robustness.cpp: change of test figures with label noise, per unit of noise.
void add_robustness_tables(Analysis& analysis);
// decision.cpp
void add_decision_figures(Analysis& analysis);
void add_decision_tables(Analysis& analysis);
// decision_pairs.cpp: McNemar of each seed, and how often two variants decide differently.
void add_disagreement_figures(Analysis& analysis);
void add_pair_tables(Analysis& analysis);
// Share of images that `one` decides otherwise than `far`, minus otherwise than `near`; for
// Figures::over_seeds().
std::vector<std::vector<Term>> closeness_terms(const Study& study, const NoiseLevel& noise,
                                               const std::string& one, const std::string& far,
                                               const std::string& near, const std::string& rule);
// calibration.cpp
void add_calibration_figures(Analysis& analysis);
void add_calibration_tables(Analysis& analysis);
// shift.cpp: `shifted` by cell. Without `computed` the tables are there and empty.
void add_shift_figures(Analysis& analysis, const std::vector<ShiftLogits>& shifted);
void add_shift_tables(Analysis& analysis, bool computed);
// latency_tables.cpp: a run without sets gives empty tables and a note.
void add_latency_tables(Analysis& analysis, const LatencyRun& run);

}  // namespace dsx::analysis

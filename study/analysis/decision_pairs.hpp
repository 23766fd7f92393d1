// Two variants on the same images: McNemar of each seed, and how often they decide differently.
#pragma once

#include <string>
#include <vector>

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

void add_disagreement_figures(Analysis& analysis);
void add_pair_tables(Analysis& analysis);

// Share of images that `one` decides otherwise than `far`, minus otherwise than `near`; for
// Figures::over_seeds().
std::vector<std::vector<Term>> closeness_terms(const Comparison& comparison, const NoiseLevel& noise,
                                               const std::string& one, const std::string& far,
                                               const std::string& near, const std::string& rule);

}  // namespace dsx::analysis

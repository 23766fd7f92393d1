// Everything that an analysis fills in, topic by topic: figures of cells before the bootstrap, tables and
// records after it. Each topic is a header of its own (generalization.hpp, decision.hpp, ...).
#pragma once

#include "study/analysis/topics.hpp"

namespace dsx::analysis {

struct Analysis {
  const Comparison& comparison;
  Figures figures;
  ComparisonResults results;
  Records records;
  explicit Analysis(const Comparison& of) : comparison(of), figures(of) {}
};

}  // namespace dsx::analysis

// The mechanism as a whole: signals through every operator, and what was seen in the trained networks of a
// comparison, as tables with intervals over seeds and images and the original's words as numbers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "study/analysis/cells.hpp"
#include "study/analysis/judged.hpp"
#include "study/analysis/topics.hpp"
#include "study/mechanism/cell_mechanism.hpp"

namespace dsx::mechanism {

struct MechanismOptions {
  std::size_t seeds = 3;    // per variant, the first ones; cells with the least label noise only
  std::size_t images = 32;  // test images per cell that are looked at closely, half of each class
  bool again = false;       // even when mechanism.h5 has it
  analysis::CompareOptions statistics = {};
};

struct Mechanism {
  std::vector<analysis::ResultTable> tables;  // those that need networks have no rows without cells
  analysis::Records records;                  // topics mechanism_layers, mechanism_logit, mechanism_border
  std::vector<std::string> notes;             // which cells, and what is not available
};

// Signals alone.
Mechanism mechanism_of_signals();
// Signals and networks. Cells whose data or checkpoint is not here are left out and named in the notes.
// Shows progress as options.statistics.progress says. Throws Interrupted.
Mechanism mechanism_of(std::span<const analysis::Cell> cells, const MechanismOptions& options);

// The cells that are looked into: of the least label noise, the first `seeds` seeds.
std::vector<analysis::Cell> cells_looked_into(std::span<const analysis::Cell> cells, std::size_t seeds);

}  // namespace dsx::mechanism

// Logits of networks run with other operators whose truth is known: an operator adds a constant of its own to
// the logit, and training adds one to every run of its network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/base/random.hpp"
#include "study/swap/swap_run.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {

struct PlantedSwap {
  Planted planted;
  std::map<std::string, double> of_operator = {{"maxpool", 1}};  // added to the logit of a run; others: 0
  std::map<std::string, double> of_training = {};                // added to all runs of a network; others: 0
  double jitter = 0.05;  // standard deviation, by image and seed, of what a run does beyond that

  double operator_shift(const std::string& name) const {
    const auto found = of_operator.find(name);
    return found == of_operator.end() ? 0 : found->second;
  }

  struct Made {
    std::vector<analysis::Cell> cells;
    std::vector<swap::SwapLogits> logits;
  };
  // The cells' own logits are those of the run with the own operator.
  Made make() const {
    Made made{planted_cells(planted), {}};
    for (analysis::Cell& cell : made.cells) {
      swap::SwapLogits logits;
      const auto trained = of_training.find(cell.variant);
      const double by_training = trained == of_training.end() ? 0 : trained->second;
      for (const auto& [split, runs] :
           {std::pair(&cell.val, &logits.val), std::pair(&cell.test, &logits.test)}) {
        for (std::size_t o = 0; o < swap::run_operators().size(); ++o) {
          Random random({cell.seed, o, cell.variant.size(), static_cast<std::uint64_t>(split == &cell.val)});
          auto& run = runs->emplace_back();
          for (const float logit : split->logits)
            run.push_back(static_cast<float>(logit + by_training +
                                             operator_shift(swap::run_operators()[o]->name) +
                                             jitter * normal_draw(random)));
        }
        split->logits = runs->at(swap::place_of_operator(cell.variant));
      }
      made.logits.push_back(std::move(logits));
    }
    return made;
  }
};

}  // namespace dsx

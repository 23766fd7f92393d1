// Has a run learnt anything? A network that still guesses gives a full table of figures like any other;
// whoever reads them should know.
//
// Between chance and the best that the labels allow: C is the entropy of the training labels (the loss of a
// constant), F that of the share of them made wrong on purpose (the loss of one who knows the truth; 0
// without label noise). A run has not learnt when its last epoch's training loss lies above C - 0.1 (C - F),
// or when it lies above C - 0.3 (C - F) and the best epoch was the last, so that it was stopped while it was
// getting better.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "study/training/history.hpp"

namespace dsx::training {

struct LearningCheck {
  bool learnt = true;
  double train_loss = 0;  // of the last epoch
  double chance = 0;      // C
  bool best_is_last = false;
};
// `positives` of `images` training labels as training saw them, `wrong` of them made wrong. No epoch: learnt,
// since nothing can be said.
LearningCheck check_learning(const std::vector<EpochRecord>& history, int best_epoch, std::size_t images,
                             std::size_t positives, std::size_t wrong);

// "has not learnt: its training loss 0.689 is near chance (0.693) and the best epoch was the last: ..."; ""
// for one that has.
std::string not_learnt_text(const LearningCheck& check);

}  // namespace dsx::training

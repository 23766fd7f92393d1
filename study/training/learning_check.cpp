#include "study/training/learning_check.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dsx::training {
namespace {

constexpr double kNearChance = 0.1, kStoppedEarly = 0.3;  // of the way from chance to the floor

// Of a share, in nats.
double entropy(double share) {
  return share <= 0 || share >= 1 ? 0 : -share * std::log(share) - (1 - share) * std::log(1 - share);
}

}  // namespace

LearningCheck check_learning(const std::vector<EpochRecord>& history, int best_epoch, std::size_t images,
                             std::size_t positives, std::size_t wrong) {
  LearningCheck check;
  if (history.empty() || images == 0) return check;
  const auto all = static_cast<double>(images);
  check.train_loss = history.back().train.loss;
  check.chance = entropy(static_cast<double>(positives) / all);
  check.best_is_last = best_epoch == history.back().epoch;
  const double room = std::max(0.0, check.chance - entropy(static_cast<double>(wrong) / all));
  check.learnt = check.train_loss < check.chance - (check.best_is_last ? kStoppedEarly : kNearChance) * room;
  return check;
}

std::string not_learnt_text(const LearningCheck& check) {
  if (check.learnt) return "";
  return fmt::format(
      "has not learnt: its training loss {:.3f} is {} chance ({:.3f}){}; train longer (--epochs), or raise "
      "--lr, before "
      "reading anything into its figures",
      check.train_loss, check.train_loss > 0.9 * check.chance ? "at or near" : "not far below", check.chance,
      check.best_is_last ? ", and the best epoch was the last" : "");
}

}  // namespace dsx::training

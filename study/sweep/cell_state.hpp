// How far a cell's folder has come, read from what `study train` left in it, on this machine or another.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "study/settings/settings.hpp"

namespace dsx::sweep {

enum class CellStatus { to_do, partial, finished, failed };
std::string to_string(CellStatus status);  // "to do", "partial", "finished", "failed"

struct CellState {
  CellStatus status = CellStatus::to_do;
  int epochs_done = 0;
  std::int64_t training_ns = 0;  // of all epochs so far
  std::string message;           // why it failed
  bool diverged = false;         // its loss left the finite numbers: tried again, it would once more
  std::string data_digest;       // "" before it is known
  double images_per_epoch = 0;
  std::string not_learnt;  // what to do about it; "" for a run that has learnt
  double val_auc = std::numeric_limits<double>::quiet_NaN();  // of the best checkpoint, when finished
  double test_auc = std::numeric_limits<double>::quiet_NaN();
};

// Throws DataError when the folder holds a run of other settings than `wanted` (naming the first that
// decides numbers), or none of this program's.
CellState look_at_cell(const std::filesystem::path& folder, const settings::Settings& wanted);

// Whether a process is writing the folder's run.
bool is_being_written(const std::filesystem::path& folder);

// Removes the folder of a run that was killed before its first file. Nothing when it holds anything else, or
// another process has it.
void remove_if_unborn(const std::filesystem::path& folder);

}  // namespace dsx::sweep

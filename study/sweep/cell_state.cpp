// summary.json is replaced as a whole after every epoch, so it can be read while the cell runs.
#include "study/sweep/cell_state.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "data/io/folder_lock.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::sweep {
namespace {

namespace fs = std::filesystem;

void refuse_other_settings(const fs::path& folder, const settings::Settings& wanted) {
  settings::Settings theirs;
  settings::Sources ignored;
  settings::apply_yaml(theirs, ignored, (folder / "config.yaml").string());
  for (const settings::Field& field : settings::setting_fields()) {
    const std::string a = settings::value_text(theirs, field), b = settings::value_text(wanted, field);
    if (decides_numbers(field) && a != b)
      throw DataError(
          fmt::format("{}: holds a run with {} {}, but the sweep has {}; move that folder away, or compare "
                      "in another --out",
                      folder.string(), field.key, a, b));
  }
}

double number_at(const nlohmann::json& json, const char* pointer, double otherwise) {
  const auto* value = &json;
  const nlohmann::json::json_pointer where(pointer);
  if (!value->contains(where) || !value->at(where).is_number()) return otherwise;
  return value->at(where).get<double>();
}

std::string text_at(const nlohmann::json& json, const char* pointer) {
  const nlohmann::json::json_pointer where(pointer);
  return json.contains(where) && json.at(where).is_string() ? json.at(where).get<std::string>() : "";
}

double images_of(const nlohmann::json& summary) {
  double images = 0;
  const nlohmann::json::json_pointer where("/data/splits/train");
  if (summary.contains(where) && summary.at(where).is_object())
    for (const auto& count : summary.at(where)) images += count.is_number() ? count.get<double>() : 0;
  return images;
}

}  // namespace

std::string to_string(CellStatus status) {
  switch (status) {
    case CellStatus::to_do:
      return "to do";
    case CellStatus::partial:
      return "partial";
    case CellStatus::finished:
      return "finished";
    case CellStatus::failed:
      return "failed";
  }
  return "?";
}

CellState look_at_cell(const fs::path& folder, const settings::Settings& wanted) {
  CellState state;
  std::error_code ignored;
  if (!fs::exists(folder / "config.yaml", ignored)) {
    // An empty folder is one whose run was killed before its first file.
    if (fs::exists(folder / "run.h5", ignored) || fs::exists(folder / "summary.json", ignored))
      throw DataError(folder.string() + ": holds a run without its config.yaml; copy the whole folder again");
    return state;
  }
  refuse_other_settings(folder, wanted);
  state.status = CellStatus::partial;
  if (!fs::exists(folder / "summary.json", ignored)) return state;
  const std::vector<std::uint8_t> bytes = data::read_file(folder / "summary.json");
  const nlohmann::json summary = nlohmann::json::parse(bytes, nullptr, false);
  if (!summary.is_object())
    throw DataError((folder / "summary.json").string() +
                    ": damaged; copy the folder again, or remove it to run the cell once more");
  const std::string status = text_at(summary, "/status");
  if (status == "finished") state.status = CellStatus::finished;
  if (status == "diverged" || status == "failed") state.status = CellStatus::failed;
  state.diverged = status == "diverged";
  state.message = text_at(summary, "/message");
  state.data_digest = text_at(summary, "/data/digest");
  state.epochs_done = static_cast<int>(number_at(summary, "/training/epochs_done", 0));
  state.training_ns = in_ns(std::clamp(number_at(summary, "/training/seconds", 0), 0.0, 1e9));  // 30 years
  state.images_per_epoch = number_at(summary, "/train_subset/images_per_epoch", images_of(summary));
  state.not_learnt = text_at(summary, "/training/not_learnt");
  state.val_auc = number_at(summary, "/best/val/at_val_threshold/auc", state.val_auc);
  state.test_auc = number_at(summary, "/best/test/at_val_threshold/auc", state.test_auc);
  return state;
}

bool is_being_written(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder, ignored) && !data::FolderLock::try_lock(folder);
}

void remove_if_unborn(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored) || is_being_written(folder)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!(name.starts_with(".") && name.ends_with(".tmp"))) return;
  }
  fs::remove_all(folder, ignored);
}

}  // namespace dsx::sweep

#include "study/findings/declared.hpp"

#include "study/sweep/sweep_file.hpp"

namespace dsx::findings {

analysis::CompareOptions compare_options_of(const std::filesystem::path& folder,
                                            const FinishOptions& options) {
  analysis::CompareOptions statistics;
  statistics.threads = options.threads;
  statistics.progress = options.progress;
  statistics.resamples = options.resamples;
  statistics.cost_ratio = options.cost_ratio;
  sweep::Sweep declared;
  std::error_code ignored;
  if (std::filesystem::exists(sweep::sweep_file(folder), ignored)) declared = sweep::read_sweep(folder);
  statistics.margin_auc = options.margin_auc.value_or(declared.margin_auc) / 100;
  statistics.margin_rate = options.margin_rate.value_or(declared.margin_rate) / 100;
  if (!declared.looks.empty()) statistics.looks = static_cast<int>(declared.looks.size());
  return statistics;
}

std::string margins_text(bool given_after) {
  return given_after ? "given after the run, so that equivalence proves less" : "declared before the run";
}

bool are_claims_wanted(const std::string& claims, const analysis::Cell& cell) {
  if (claims != "auto") return claims == "original";
  constexpr std::size_t kOriginalTest = 624;
  const bool is_original = cell.class_names == std::vector<std::string>{"NORMAL", "PNEUMONIA"} &&
                           cell.test.size() == kOriginalTest;
  return is_original || cell.settings.data == "synthetic";
}

}  // namespace dsx::findings

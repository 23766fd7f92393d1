#include "study/statistics/checks.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace dsx::statistics::detail {

void require_same_length(std::size_t images, std::size_t labels, SubjectIds subjects) {
  if (images != labels || (!subjects.empty() && subjects.size() != images))
    throw std::invalid_argument("scores, labels and subjects differ in length");
}

void require_confidence(double confidence) {
  if (!(confidence > 0 && confidence < 1))
    throw std::invalid_argument("a confidence lies strictly between 0 and 1");
}

std::size_t count_subjects(SubjectIds subjects) {
  if (subjects.empty()) return 0;
  std::vector<bool> seen(std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (const auto subject : subjects) seen[subject] = true;
  return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
}

std::string too_few(const std::string& what, std::size_t count, std::size_t minimum) {
  if (count > 0 && count >= minimum) return {};
  if (count == 0) return "no " + what;
  return "only " + std::to_string(count) + " " + what + ", at least " + std::to_string(minimum) + " needed";
}

std::string too_little(std::span<const double> scores, Labels positive, SubjectIds subjects,
                       std::size_t minimum) {
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }))
    return "a score is not a number";
  for (const bool wanted : {true, false}) {
    const std::string of = wanted ? "positive " : "negative ";
    std::size_t images = 0;
    std::vector<std::uint32_t> found;
    for (std::size_t i = 0; i < positive.size(); ++i) {
      if ((positive[i] != 0) != wanted) continue;
      ++images;
      if (!subjects.empty()) found.push_back(subjects[i]);
    }
    if (auto reason = too_few(of + "images", images, minimum); !reason.empty()) return reason;
    if (subjects.empty()) continue;
    if (auto reason = too_few("subjects with " + of + "images", count_subjects(found), minimum);
        !reason.empty())
      return reason;
  }
  return {};
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), sorted.size() - 1);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace dsx::statistics::detail

#include "study/findings/needs.hpp"

#include <fmt/format.h>

#include <cmath>

#include "study/findings/verdicts.hpp"
#include "study/statistics/needed.hpp"

namespace dsx::findings {
namespace {

// Two digits that matter, thousands apart: 1,200.
std::string about(double count) {
  const double step = std::pow(10, std::max(0.0, std::floor(std::log10(count)) - 1));
  std::string text = fmt::format("{:.0f}", step * std::ceil(count / step - 1e-9));
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

}  // namespace

Needs needs_of(const Question& question, const analysis::OverSeeds& found, double alpha,
               const TestSet& test) {
  Needs needs;
  statistics::SeedSummary summary = found.summary;
  summary.mean.value -= question.comparing == Comparing::with_null ? question.null : 0;
  if (summary.seeds < 2 || question.comparing == Comparing::ratio || test.subjects == 0) return needs;
  const statistics::Needed needed = statistics::needed_to_decide(summary, question.margin, alpha);
  if (std::isnan(needed.left)) return needs;
  const char* const unit = test.subjects < test.images ? "test subjects" : "test images";
  const std::string more =
      std::isfinite(needed.images)
          ? about(std::max(1.0, static_cast<double>(test.subjects) * (needed.images - 1))) + " more " + unit
          : "";
  if (std::isfinite(needed.seeds)) needs.seeds = needed.seeds;
  if (!more.empty())
    needs.more_subjects = std::ceil(static_cast<double>(test.subjects) * (needed.images - 1));
  const std::string leave = fmt::format("never with these {} test images: they leave {}{}", test.images,
                                        plain_number(question.scale * needed.left, question.digits),
                                        question.unit.empty() ? "" : " " + question.unit);
  if (std::isfinite(needed.seeds))
    needs.text = fmt::format("about {:.0f} seeds{} would decide it", needed.seeds,
                             more.empty() ? "" : ", or " + more + ",");
  else if (!more.empty())
    needs.text = fmt::format("{}; {} would decide it", leave, more);
  else
    needs.text = leave + "; it takes more seeds and more of them";
  return needs;
}

}  // namespace dsx::findings

// What the original says of its question as a whole: bias, limited data, FLOPs against latency, trade-offs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "kernels/base/ranks.hpp"
#include "study/analysis/decision_pairs.hpp"
#include "study/findings/claim_list.hpp"
#include "study/statistics/equivalence.hpp"
#include "study/statistics/holm.hpp"
#include "study/statistics/rank_correlation.hpp"

namespace dsx::findings {
namespace {

// The operator's part of a difference: same weights, other operator.
Judgement bias_control(const Evidence& e) {
  const analysis::Comparison& comparison = e.analysis().comparison;
  std::vector<Part> parts;
  std::vector<double> different, alike;
  for (const auto& [a, b] : comparison.pairs()) {
    const Part part = e.difference("swap_parts", "operator/half/predicted_positive_rate", a, b);
    if (!part.estimate.estimable()) continue;
    parts.push_back(part);
    different.push_back(part.estimate.p);
    alike.push_back(statistics::equivalence_p(part.estimate, comparison.options.margin_rate));
  }
  if (parts.empty()) return {fmt::format("not measured: {}", kSwapStage), "cannot tell"};
  const double alpha = comparison.alpha_of_look();
  const auto all_below = [&](const std::vector<double>& p) {
    return std::all_of(p.begin(), p.end(), [&](double one) { return one <= alpha; });
  };
  different = statistics::holm_adjusted(different);
  const bool any = std::any_of(different.begin(), different.end(), [&](double p) { return p <= alpha; });
  return {
      measurement_text(parts, "images called positive at probability .5, same weights under both operators"),
      any ? "supported" : (all_below(statistics::holm_adjusted(alike)) ? "contradicted" : "cannot tell")};
}

// How much more often strided differs from avgpool than from maxpool: above 0 is "like maxpool".
Judgement like_maxpool(const Evidence& e) {
  Part part{"disagreement with avgpool - with maxpool",
            statistics::cannot_estimate("a variant was not trained")};
  const std::optional<Evidence> least = e.with_least_images();
  const Evidence& at = least ? *least : e;
  const analysis::Analysis& analysis = e.analysis();
  if (e.has("strided") && e.has("avgpool") && e.has("maxpool"))
    part.estimate = analysis.figures
                        .over_seeds(analysis::closeness_terms(analysis.comparison, at.noise(), "strided",
                                                              "avgpool", "maxpool", "half"),
                                    {-1, 1, 0})
                        .estimate;
  if (least)
    return judged_by({part},
                     fmt::format("with {}, test images that strided decides otherwise, at probability .5",
                                 analysis::words_of(at.noise())));
  // All training images are not limited data: the figure is shown, the claim stays open.
  return {fmt::format("limited data not measured: {}; {}", kSizesStage,
                      measurement_text({part}, "with all images, those that strided decides otherwise")),
          "cannot tell"};
}

Judgement not_superior(const Evidence& e) {
  const std::optional<Evidence> least = e.with_least_images();
  if (!least) return {fmt::format("not measured: {}", kSizesStage), "cannot tell"};
  std::vector<Part> parts;
  bool surely_best = true, surely_not = false;
  for (const std::string& other : e.others("strided")) {
    Part part = least->difference("generalization", "test/auc", "strided", other);
    const statistics::Estimate& found = part.estimate;
    surely_best = surely_best && found.estimable() && found.low > 0;
    surely_not = surely_not || (found.estimable() && found.high < e.analysis().comparison.options.margin_auc);
    parts.push_back(part);
  }
  return {measurement_text(parts, fmt::format("test AUC with {}", analysis::words_of(least->noise()))),
          surely_best && !parts.empty() ? "contradicted" : (surely_not ? "supported" : "cannot tell")};
}

// A difference grows as data shrink when its slope over doublings has the other sign.
Judgement small_data_amplify(const Evidence& e) {
  const std::optional<Evidence> least = e.with_least_images();
  if (!least) return {fmt::format("not measured: {}", kSizesStage), "cannot tell"};
  std::vector<Part> parts;
  for (const auto& [a, b] : e.analysis().comparison.pairs()) {
    Part part =
        e.row("limited_difference", {{"metric", "half/excess_positive"}, {"variant_a", a}, {"variant_b", b}},
              a + " - " + b, kSizesStage);
    const double with_least = least->difference("decision", "half/excess_positive", a, b).estimate.value;
    if (with_least > 0) part.estimate = analysis::negated(part.estimate);
    parts.push_back(part);
  }
  return judged_by(parts,
                   "how much a difference in the excess of positives grows when the training images halve");
}

struct WorkAndTime {
  std::string variant;
  double mflop, ms, low, high;
};

// Batch of 32, spinning, nothing beside; networks whose work and time are both known.
std::vector<WorkAndTime> timed_variants(const Evidence& e) {
  std::vector<WorkAndTime> list;
  const analysis::ResultTable *latency = e.table("latency"), *variants = e.table("variants");
  if (latency == nullptr || variants == nullptr) return list;
  for (std::size_t r = 0; r < latency->rows.size(); ++r) {
    if (latency->number(r, "batch") != 32 || latency->text(r, "wait") != "active" ||
        latency->text(r, "load") != "none")
      continue;
    for (std::size_t v = 0; v < variants->rows.size(); ++v)
      if (variants->text(v, "variant") == latency->text(r, "variant") &&
          std::isfinite(variants->number(v, "mflop")))
        list.push_back({variants->text(v, "variant"), variants->number(v, "mflop"),
                        latency->number(r, "median_ms"), latency->number(r, "median_low_ms"),
                        latency->number(r, "median_high_ms")});
  }
  return list;
}

// Spearman's, of networks whose work and time are both known.
statistics::Estimate work_and_time(const std::vector<double>& work, const std::vector<double>& time) {
  if (work.size() < 5)
    return statistics::cannot_estimate(fmt::format("{} networks are too few for a correlation", work.size()));
  const statistics::Estimate found = statistics::rank_correlation(work, time);
  return found.estimable() ? found
                           : statistics::cannot_estimate("all networks have the same work, or the same time");
}

// The mean over image sizes of the correlation within one: operators and engines.
std::string within_sizes_text(const analysis::ResultTable& grid) {
  std::map<double, std::pair<std::vector<double>, std::vector<double>>> by_size;
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    auto& [work, time] = by_size[grid.number(r, "size")];
    work.push_back(grid.number(r, "mflop"));
    time.push_back(grid.number(r, "median_ms"));
  }
  double sum = 0, count = 0;
  for (const auto& [size, both] : by_size)
    if (const statistics::Estimate found = work_and_time(both.first, both.second); found.estimable()) {
      sum += found.value;
      ++count;
    }
  return count == 0 ? ""
                    : fmt::format("; within one size (operators and engines) {:.2f} on average", sum / count);
}

Judgement flops_and_latency(const Evidence& e) {
  std::vector<double> work, time;
  std::string of = "networks of this comparison, batch of 32", within;
  if (const analysis::ResultTable* all = e.table("flops_latency")) {
    of = fmt::format("{} networks: operators, sizes and engines, batch of 32", all->rows.size());
    for (std::size_t r = 0; r < all->rows.size(); ++r) {
      const double mflop = all->number(r, "mflop"), ms = all->number(r, "median_ms");
      if (std::isnan(mflop) || std::isnan(ms)) continue;
      work.push_back(mflop);
      time.push_back(ms);
    }
    within = within_sizes_text(*all);
  } else {
    for (const WorkAndTime& one : timed_variants(e)) {
      work.push_back(one.mflop);
      time.push_back(one.ms);
    }
  }
  const Part part{"rank correlation", work_and_time(work, time), 1, "", 2, 0};
  const statistics::Estimate& found = part.estimate;
  constexpr double kWeak = 0.5;
  return {measurement_text({part}, fmt::format("FLOPs per image against median time, {}", of)) + within,
          !found.estimable()   ? "cannot tell"
          : found.low > 0      ? "contradicted"
          : found.high < kWeak ? "supported"
                               : "cannot tell"};
}

// "strided 2 1 1": ranks by accuracy, FLOPs and latency, 1 best.
std::string ranks_text(const Evidence& e, const std::vector<WorkAndTime>& timed) {
  std::vector<double> auc, work, time;
  for (const WorkAndTime& one : timed) {
    auc.push_back(-e.of_variant("generalization", "test/auc", one.variant).estimate.value);
    work.push_back(one.mflop);
    time.push_back(one.ms);
  }
  const auto a = midranks(auc), w = midranks(work), t = midranks(time);
  const auto shown = [](double rank) { return std::isnan(rank) ? "unknown" : fmt::format("{:g}", rank); };
  std::string text;
  for (std::size_t i = 0; i < timed.size(); ++i)
    text += fmt::format("{}{} {}, {}, {}", i > 0 ? "; " : "", timed[i].variant, shown(a[i]), shown(w[i]),
                        shown(t[i]));
  return text;
}

Judgement reshuffles(const Evidence& e) {
  const std::vector<WorkAndTime> timed = timed_variants(e);
  if (timed.size() < 2) return {"not measured: latency", "cannot tell"};
  bool reversed = false, same = true;
  for (const WorkAndTime& a : timed)
    for (const WorkAndTime& b : timed) {
      if (!(a.mflop < b.mflop)) continue;
      reversed = reversed || a.low > b.high;  // less work, surely more time
      same = same && a.high < b.low;
    }
  return {"rank of test AUC, FLOPs and time per batch of 32 (1 best): " + ranks_text(e, timed),
          reversed ? "supported" : (same ? "contradicted" : "cannot tell")};
}

}  // namespace

std::vector<Claim> claims_about_the_question() {
  const std::string latency = "study report DIR --latency-again";
  return {
      {"Downsampling is a bias control mechanism, not a neutral operation.",
       "with the same weights: supported when a pair's share of images called positive differs (Holm); "
       "contradicted "
       "when all pairs are equivalent within the margin; else cannot tell",
       kSwapStage, bias_control},
      {"Under limited data strided collapses to MaxPool-like behaviour.",
       "at the smallest training set: supported: strided decides more like maxpool than like avgpool, its "
       "interval "
       "above 0; contradicted: below 0; else cannot tell",
       kSizesStage, like_maxpool},
      {"Strided is not inherently superior under limited data.",
       "test AUC at the smallest training set: supported when it is surely not ahead of another by the "
       "margin; "
       "contradicted when it is surely ahead of all; else cannot tell",
       kSizesStage, not_superior},
      {"Small datasets amplify pooling-induced decision bias.",
       "slope of the differences over the logarithm of the training images. " + std::string(kHowDecided),
       kSizesStage, small_data_amplify},
      {"FLOPs do not correlate with latency on a CPU.",
       "Spearman's correlation: contradicted when its interval lies above 0; supported when it lies below "
       ".5; else "
       "cannot tell",
       latency, flops_and_latency},
      {"CPU deployment reshuffles architectural trade-offs.",
       "supported when a network with fewer FLOPs surely takes longer; contradicted when time surely follows "
       "FLOPs in "
       "every pair; else cannot tell",
       latency, reshuffles},
  };
}

}  // namespace dsx::findings

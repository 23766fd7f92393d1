#include "study/findings/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "study/analysis/decision_pairs.hpp"
#include "study/findings/claim_parts.hpp"
#include "study/findings/explained.hpp"
#include "study/findings/headline.hpp"
#include "study/findings/verdicts.hpp"
#include "study/statistics/estimate.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::findings {

bool latency_was_busy(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& table = results.table("latency");
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.number(r, "busy") != 0) return true;
  return false;
}

namespace {

// The sweep as one command that repeats it from nothing.
std::string sweep_command(const analysis::Comparison& comparison) {
  std::set<std::uint64_t> seeds, noise_seeds;
  std::set<double> rates;
  std::set<std::string> kinds;
  for (const analysis::JudgedCell& cell : comparison.cells) {
    seeds.insert(cell.cell->seed);
    rates.insert(cell.cell->noise);
    if (cell.cell->noise > 0) {
      kinds.insert(cell.cell->noise_kind);
      noise_seeds.insert(cell.cell->seed);
    }
  }
  const auto text_of = [](const std::set<std::uint64_t>& list) {
    // A single number would be a count.
    return list.size() == 1 ? fmt::format("{0}-{0}", *list.begin()) : fmt::format("{}", fmt::join(list, ","));
  };
  std::string command =
      fmt::format("study compare --variants {} --seeds {} --label-noise {}",
                  fmt::join(comparison.variants, ","), text_of(seeds), fmt::join(rates, ","));
  if (!noise_seeds.empty() && noise_seeds != seeds) command += " --noise-seeds " + text_of(noise_seeds);
  std::vector<std::string> sizes;
  for (const analysis::NoiseLevel& noise : comparison.noises)
    if (noise.rate == 0) sizes.push_back(settings::train_images_text(noise.train_images));
  if (sizes.size() > 1) command += fmt::format(" --train-images {}", fmt::join(sizes, ","));
  if (!kinds.empty()) command += fmt::format(" --noise-kinds {}", fmt::join(kinds, ","));
  for (const std::string& flag : sweep::flags_of(comparison.cells.front().cell->settings)) {
    const std::string key = flag.substr(2, flag.find('=') - 2);
    static const std::set<std::string> left_out = {"variant",    "seed",     "label-noise", "noise-kind",
                                                   "name",       "out",      "resume",      "latency",
                                                   "no-latency", "progress", "threads",     "config"};
    if (key == "train-images" && sizes.size() > 1) continue;
    if (!left_out.contains(key)) command.append(1, ' ').append(bench::shell_quoted(flag));
  }
  return command;
}

class Claims {
 public:
  explicit Claims(analysis::Analysis& analysis)
      : analysis_(analysis),
        noise_(analysis.comparison.noises.front()),
        sweep_(sweep_command(analysis.comparison)),
        table_(analysis::make_table("claims", "what the original study claimed",
                                    {"claim", "measurement", "verdict", "how_decided", "repeat_with"})) {}

  void add_all(const std::filesystem::path& explain) {
    add_rankings();
    add_bias();
    add_collapse();
    add_gap();
    add_parameters();
    add_latency();
    add_memory(explain);
    add("Bilinear resize without antialiasing aliases before the operator under study even starts.",
        "not measured by one sweep: it takes two, with --resize bilinear and --resize area", "cannot tell",
        "never decided from one sweep", sweep_ + " --resize=bilinear");
    analysis_.results.tables.push_back(std::move(table_));
  }

 private:
  void add(const std::string& claim, const std::string& measurement, const std::string& verdict,
           const std::string& how, const std::string& repeat) {
    table_.add({claim, measurement, verdict, how, repeat});
  }

  bool has(const std::string& variant) const {
    const auto& variants = analysis_.comparison.variants;
    return std::find(variants.begin(), variants.end(), variant) != variants.end();
  }

  // Claimed: figure(a) > figure(b).
  void add_greater(std::vector<Part>& parts, const std::string& topic, const std::string& key,
                   const std::string& a, const std::string& b) const {
    parts.push_back({a + " - " + b, analysis_.records.difference(topic, key, noise_, a, b)});
  }

  // A column of the original's table, as the order that it puts the variants in; equal figures claim nothing.
  void add_rankings() {
    for (const OriginalColumn& column : original_columns()) {
      if (*column.key == '\0') continue;
      std::vector<OriginalRow> rows = original_table();
      std::stable_sort(rows.begin(), rows.end(), [&](const OriginalRow& a, const OriginalRow& b) {
        return a.*column.original > b.*column.original;
      });
      std::string order;
      std::vector<Part> parts;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i > 0) order += rows[i - 1].*column.original > rows[i].*column.original ? " > " : " = ";
        order += fmt::format("{} {:.3f}", rows[i].variant, rows[i].*column.original);
        for (std::size_t j = 0; j < i; ++j)
          if (rows[j].*column.original > rows[i].*column.original)
            add_greater(parts, "generalization", column.key, rows[j].variant, rows[i].variant);
      }
      const bool train = std::string(column.name) == "train_accuracy";
      add(fmt::format("{}: {}", column.name, order),
          measurement_text(parts,
                           fmt::format("on {} ({})", train ? "train" : "test, the images that were its val",
                                       std::string(column.name) == "val_auc" ? "AUC" : "at probability .5")),
          decide(parts), kHowDecided, sweep_);
    }
  }

  Part excess(const std::string& variant, double sign) const {
    const analysis::Record* record =
        analysis_.records.find("decision", "half/excess_positive", noise_, variant);
    const statistics::Estimate e = record != nullptr
                                       ? record->found.estimate
                                       : statistics::cannot_estimate(variant + " was not trained");
    return {variant, sign < 0 ? analysis::negated(e) : e};
  }

  void add_bias() {
    const std::string what = "images called positive at probability .5 beyond those that are";
    const Part avgpool = excess("avgpool", 1), maxpool = excess("maxpool", 1);
    add("AvgPool is conservative (calls fewer images positive than there are).",
        measurement_text({avgpool}, what), decide({excess("avgpool", -1)}),
        "supported: the interval of the excess lies below 0; contradicted: above 0; else cannot tell",
        sweep_);
    add("MaxPool over-predicts pathology (calls more images positive than there are).",
        measurement_text({maxpool}, what), decide({maxpool}),
        "supported: the interval of the excess lies above 0; contradicted: below 0; else cannot tell",
        sweep_);
    std::vector<Part> more;
    for (const analysis::Rule& rule : analysis_.comparison.rules) {
      add_greater(more, "decision", rule.name + "/predicted_positive_rate", "maxpool", "avgpool");
      more.back().name += " " + rule.words;
    }
    add("MaxPool calls more images positive than AvgPool.", measurement_text(more, "images called positive"),
        decide({more.back()}), std::string("at probability .5, as the original decided. ") + kHowDecided,
        sweep_);
    std::vector<Part> counts;
    add_greater(counts, "decision", "half/specificity", "maxpool", "strided");
    add_greater(counts, "decision", "half/specificity", "strided", "avgpool");
    add_greater(counts, "decision", "half/specificity", "maxpool", "avgpool");
    add("Its own counts: specificity maxpool .36 > strided .27 > avgpool .24.",
        measurement_text(counts, "specificity on test at probability .5"), decide(counts), kHowDecided,
        sweep_);
  }

  // How much more often strided differs from avgpool than from maxpool: above 0 is "like maxpool".
  void add_collapse() {
    Part part{"disagreement with avgpool - with maxpool",
              statistics::cannot_estimate("a variant was not trained")};
    if (has("strided") && has("avgpool") && has("maxpool")) {
      const auto terms =
          analysis::closeness_terms(analysis_.comparison, noise_, "strided", "avgpool", "maxpool", "half");
      part.estimate = analysis_.figures.over_seeds(terms, {-1, 1, 0}).estimate;
    }
    add("Strided collapses to MaxPool-like behaviour.",
        measurement_text({part}, "test images that strided decides otherwise, at probability .5"),
        decide({part}),
        "supported: strided decides more like maxpool than like avgpool, its interval above 0; contradicted: "
        "below 0; "
        "else cannot tell",
        sweep_);
  }

  void add_gap() {
    std::vector<Part> parts;
    for (const OriginalRow& row : original_table()) {
      const analysis::Record* record =
          analysis_.records.find("gap", "train-test/accuracy_half", noise_, row.variant);
      parts.push_back({row.variant, record != nullptr ? record->found.estimate
                                                      : statistics::cannot_estimate("not trained")});
    }
    add("Training accuracy (.98 to .996) is far above validation accuracy (.72 to .76) in all variants.",
        measurement_text(parts, "accuracy at probability .5, train minus test"), decide(parts), kHowDecided,
        sweep_);
  }

  void add_parameters() {
    constexpr double kOriginal = 11396621;
    const analysis::ResultTable& variants = analysis_.results.table("variants");
    std::string text;
    bool all_known = true, all_equal = true;
    for (std::size_t r = 0; r < variants.rows.size(); ++r) {
      const double count = variants.number(r, "parameters");
      all_known &= std::isfinite(count);
      all_equal &= count == kOriginal;
      text += fmt::format("{}{} {:.0f}", r > 0 ? "; " : "", variants.text(r, "variant"), count);
    }
    const settings::Settings& s = analysis_.comparison.cells.front().cell->settings;
    const bool original = s.size == 320 && s.network == "lenet" && s.channels == 1;
    add("All variants have the same 11,396,621 parameters.", text,
        !all_known || !original ? "cannot tell" : (all_equal ? "supported" : "contradicted"),
        "counted; cannot tell unless network and images (1 x 320 x 320) are the original's", sweep_);
  }

  void add_latency() {
    const auto parts = latency_parts();
    const bool busy = latency_was_busy(analysis_.results);
    add("Latency per batch of 32: strided 50.8 ms < avgpool 78.2 ms < maxpool 168.7 ms.",
        measurement_text(parts, "times as long") + (busy ? "; the machine was busy" : by_part_text(parts)),
        busy ? "cannot tell" : decide(parts),
        std::string("ratios of medians against 1. ") + kHowDecided +
            "; cannot tell when the machine was busy",
        "study report DIR --latency-again");
  }

  std::vector<Part> latency_parts() const {
    std::vector<Part> parts;
    const std::pair<const char*, const char*> claimed[] = {
        {"maxpool", "avgpool"}, {"avgpool", "strided"}, {"maxpool", "strided"}};
    for (const auto& [a, b] : claimed) {
      statistics::Estimate e = statistics::cannot_estimate("latency was not measured");
      if (const analysis::Record* record =
              analysis_.records.find("latency_ratio", "batch32/active/none", {}, a, b))
        e = record->found.estimate;
      else if (const analysis::Record* other =
                   analysis_.records.find("latency_ratio", "batch32/active/none", {}, b, a))
        e = inverted(other->found.estimate);
      parts.push_back({std::string(a) + " / " + b, e, 1, "", 2, 1});
    }
    return parts;
  }

  static statistics::Estimate inverted(statistics::Estimate e) {
    std::swap(e.low, e.high);
    e.value = 1 / e.value;
    e.low = 1 / e.low;
    e.high = 1 / e.high;
    return e;
  }

  void add_memory(const std::filesystem::path& explain) {
    const std::string all = "FLOPs do not correlate with latency; memory access patterns dominate.";
    const std::string how =
        "share of the difference that is the convolutions' arithmetic (study explain, factorial; ends from "
        "both "
        "intervals): supported: it lies below 50% and memory traffic's above; contradicted: it lies above "
        "50%; else, or on "
        "a noisy machine, cannot tell";
    const std::string repeat = "study explain --variants maxpool,strided --out DIR/explain";
    const auto shares = explained_shares(explain);
    if (shares.empty())
      return add(all, "not measured here: run `study explain` and give --explain FILE", "cannot tell", how,
                 repeat);
    for (const ExplainedShare& share : shares) {
      const std::string pair = share.a.empty() ? "" : fmt::format("{} against {}: ", share.a, share.b);
      const std::string claim = pair + all;
      if (!share.not_available.empty()) {
        add(claim, share.not_available, "cannot tell", how, repeat);
        continue;
      }
      const Part work{"convolution", share.convolution, 100, "%", 0, 0.5};
      const Part traffic{"traffic of the intermediate image", share.traffic, 100, "%", 0, 0.5};
      const bool memory = share.convolution.high < 0.5 && share.traffic.low > 0.5;
      const std::string verdict =
          share.noisy
              ? "cannot tell"
              : (memory ? "supported" : (share.convolution.low > 0.5 ? "contradicted" : "cannot tell"));
      add(claim,
          fmt::format("of the {:.2f} ms between {} and {}, layer by layer: {}; {}{}", share.whole_ms, share.a,
                      share.b, part_text(work), part_text(traffic),
                      share.noisy ? "; that machine was too noisy" : ""),
          verdict, how, repeat);
    }
  }

  analysis::Analysis& analysis_;
  analysis::NoiseLevel noise_;
  std::string sweep_;
  analysis::ResultTable table_;
};

}  // namespace

void add_claims(analysis::Analysis& analysis, const std::filesystem::path& explain) {
  Claims(analysis).add_all(explain);
}

}  // namespace dsx::findings

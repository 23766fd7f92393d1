#include "study/findings/claims.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

#include "study/findings/claim_list.hpp"
#include "study/findings/explained.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::findings {

bool latency_was_busy(const analysis::ComparisonResults& results) {
  for (const char* name : {"latency", "flops_latency"}) {
    const analysis::ResultTable& table = results.table(name);
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.number(r, "busy") != 0) return true;
  }
  return false;
}

Judgement judged_by(const std::vector<Part>& parts, const std::string& what) {
  return {measurement_text(parts, what), decide(parts)};
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

// FLOPs or memory: what `study explain` found, a row for each pair that it explains.
void add_memory(analysis::ResultTable& table, const std::filesystem::path& explain) {
  const auto add = [&](const std::string& claim, const std::string& measurement, const std::string& verdict,
                       const std::string& reason, const std::string& command) {
    table.add({claim, measurement, verdict, reason, command});
  };
  const std::string all = "Memory access patterns dominate latency, not FLOPs.";
  const std::string how =
      "share of the difference that is the convolutions' arithmetic (study explain, factorial; ends from "
      "both "
      "intervals): supported: it lies below 50% and memory traffic's above; contradicted: it lies above "
      "50%; else, on "
      "a noisy machine, or where the account of its experiments does not explain memory traffic, cannot tell";
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
        share.noisy || share.disputed
            ? "cannot tell"
            : (memory ? "supported" : (share.convolution.low > 0.5 ? "contradicted" : "cannot tell"));
    add(claim,
        fmt::format("of the {:.2f} ms between {} and {}, layer by layer: {}; {}{}", share.whole_ms, share.a,
                    share.b, part_text(work), part_text(traffic),
                    share.noisy      ? "; that machine was too noisy"
                    : share.disputed ? "; its experiments contradict each other about memory traffic"
                                     : ""),
        verdict, how, repeat);
  }
}

// Two sweeps that differ in --resize alone: table `resized`.
void add_aliasing(analysis::ResultTable& table, const Evidence& evidence, const std::string& command) {
  const Part part = evidence.row("resized", {{"variant", "all"}, {"metric", "auc"}}, "bilinear - area",
                                 "two sweeps, see repeat_with");
  const statistics::Estimate& found = part.estimate;
  table.add(
      {std::string(
           "Bilinear resize without antialiasing aliases before the operator under study even starts."),
       measurement_text({part}, "test AUC over all variants, same seeds"),
       std::string(!found.estimable()                ? "cannot tell"
                   : found.low > 0 || found.high < 0 ? "supported"
                                                     : "cannot tell"),
       std::string("supported: test AUC differs between both ways to resize; else cannot tell"),
       command + " --resize=bilinear --out B; again with --resize=area --out A; study report A --resized B"});
}

// Times of a busy machine decide nothing.
void refuse_busy(const Claim& claim, bool busy, Judgement& judged) {
  if (!busy || claim.repeat.find("--latency-again") == std::string::npos) return;
  judged.measurement += "; the machine was busy";
  judged.verdict = "cannot tell";
}

}  // namespace

void add_claims(analysis::Analysis& analysis, const std::filesystem::path& explain, bool wanted) {
  analysis::ResultTable table =
      analysis::make_table("claims", "what the original study claimed",
                           {"claim", "measurement", "verdict", "how_decided", "repeat_with"});
  if (wanted) {
    const std::string command = sweep_command(analysis.comparison);
    const bool busy = latency_was_busy(analysis.results);
    const Evidence evidence(analysis);
    for (const auto& list : {claims_about_operators(), claims_about_the_question(), claims_of_its_table()})
      for (const Claim& claim : list) {
        Judgement judged = claim.judge(evidence);
        refuse_busy(claim, busy, judged);
        table.add({claim.text, judged.measurement, judged.verdict, claim.how,
                   claim.repeat.empty() ? command : claim.repeat});
      }
    add_memory(table, explain);
    add_aliasing(table, evidence, command);
  }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::findings

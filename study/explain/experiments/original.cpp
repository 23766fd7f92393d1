// The original study's own number: in PyTorch its maxpool network took 168.70 ms per batch, avgpool 78.20,
// strided 50.77 (2.2 and 3.3 times). Is that penalty the operator's, its memory traffic's, one library's
// kernel's, or a disturbed machine's? Max and average pooling move the same bytes, so that the first two show
// as the ratio of ours; other libraries' ratios come from a file of scripts/peers; and a neighbour that this
// experiment starts and stops shows what a disturbed machine does.
#include "study/explain/experiments/original.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/recorded_times.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

// shared/design/original_study.md, ms per batch of 32.
constexpr double kOriginalMaxpoolMs = 168.70, kOriginalAvgpoolMs = 78.20, kOriginalStridedMs = 50.77;
constexpr double kPenalty = 1.5;  // a ratio from here on is called a penalty

// A process that keeps one CPU busy until it goes out of scope.
class BusyNeighbour {
 public:
  BusyNeighbour() : pid_(::fork()) {
    if (pid_ == 0) {
      unbind_thread();
      for (;;) __asm__ volatile("" ::: "memory");
    }
    if (pid_ < 0) throw UnsupportedError("a competing process cannot be started (fork failed)");
  }
  ~BusyNeighbour() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  pid_t pid_;
};

struct Networks {
  std::vector<std::unique_ptr<TimedNetwork>> all;
  std::vector<bench::Arm> arms;
};
const std::vector<std::string> kVariants{"avgpool", "maxpool", "strided"};

Networks make_networks(const ExplainContext& context) {
  Networks networks;
  for (const auto& variant : kVariants) {
    networks.all.push_back(make_timed_network(context, variant, context.options.layout));
    networks.arms.push_back(
        {variant, [network = networks.all.back().get()] { network->plan.forward(); }, {}});
  }
  return networks;
}

RecordedSet beside_a_neighbour(const Networks& networks, const std::vector<std::string>& names,
                               double seconds) {
  const BusyNeighbour neighbour;
  bench::MeasureOptions options;
  options.warmup_runs = 1;
  options.min_rounds = 8;
  options.min_time_s = seconds;
  options.max_time_s = 6 * seconds;
  RecordedSet set;  // disturbed samples are what is wanted: none is counted
  for (auto& result : bench::measure(networks.arms, options))
    set.push_back({names[set.size()], std::move(result.samples_ns), 0, 0, {}});
  return set;
}

// Beside the neighbour against alone, which the same processes timed before.
Interval slowdown_of(const ProcessTimes& alone, const ProcessTimes& loaded, std::size_t network) {
  return loaded.beside(alone, bench::ProcessScale::log,
                       [&](const RecordedSet& beside, const RecordedSet& before) {
                         const auto &slow = beside[network].samples_ns, &fast = before[network].samples_ns;
                         std::vector<double> ratios;
                         for (std::size_t i = 0; i < std::min(slow.size(), fast.size()); ++i)
                           ratios.push_back(slow[i] / fast[i]);
                         return ratios;
                       });
}

void networks_part(ExplainContext& context, ExperimentReport& report) {
  const auto networks = make_networks(context);
  ArmSet arms(context, report, context.options.seconds / 2);
  for (const auto& arm : networks.arms) arms.add("alone/" + arm.name, arm.run);
  context.progress("three networks, alone");
  arms.run();
  context.progress("three networks beside a busy neighbour");
  std::vector<std::string> names;
  for (const auto& arm : networks.arms) names.push_back("beside/" + arm.name);
  const auto loaded = recorded_times(context, report, names, [&] {
    return beside_a_neighbour(networks, names, context.options.seconds / 2);
  });
  ReportTable table{
      "networks",
      fmt::format("forward pass, batch {}, alone and beside one process that keeps one CPU busy",
                  context.options.batch),
      {{"variant", ""},
       {"alone", "ms", 2},
       {"beside", "ms", 2},
       {"beside p90", "ms", 2},
       {"slowdown", "", 2},
       {"low", "", 2},
       {"high", "", 2},
       {"original", "ms", 2}},
      {}};
  const double original_ms[] = {kOriginalAvgpoolMs, kOriginalMaxpoolMs, kOriginalStridedMs};
  double worst_p90 = 0;
  Interval worst{0, 0, 0};
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    const auto alone = arms.time_ns(i);
    const auto beside = loaded.time_ns(i).value;
    const auto p90 = bench::summarize(loaded.together(i).samples_ns).p90_ns;
    const auto slowdown = slowdown_of(arms.times(), loaded, i);
    worst_p90 = std::max(worst_p90, p90 / alone.value);
    if (slowdown.value > worst.value) worst = slowdown;
    table.rows.push_back({kVariants[i], alone.value / 1e6, beside / 1e6, p90 / 1e6, slowdown.value,
                          slowdown.low, slowdown.high, original_ms[i]});
  }
  report.tables.push_back(std::move(table));
  const auto to_avg = arms.ratio(1, 0), to_strided = arms.ratio(1, 2);
  report.findings.push_back(
      {"original/networks",
       fmt::format("ours: the maxpool network takes {} times the avgpool network and {} times the strided "
                   "one; the original "
                   "had {:.2f} and {:.2f}.",
                   interval_text(to_avg, ""), interval_text(to_strided, ""),
                   kOriginalMaxpoolMs / kOriginalAvgpoolMs, kOriginalMaxpoolMs / kOriginalStridedMs),
       "times", to_avg, false});
  const double original_ratio = kOriginalMaxpoolMs / kOriginalAvgpoolMs;
  report.findings.push_back(
      {"original/slowdown",
       fmt::format("beside one busy process the same networks take up to {} times as long (p90: up to {:.1f} "
                   "times): {} the original's whole difference of {:.2f}.",
                   interval_text(worst, ""), worst_p90,
                   worst.low >= original_ratio   ? "a disturbed machine alone could make"
                   : worst_p90 >= original_ratio ? "a disturbed machine alone could at times make"
                                                 : "too little to make",
                   original_ratio),
       "times", worst, false});
}

void operators_part(ExplainContext& context, ExperimentReport& report) {
  ReportTable table{"operators",
                    "the operator alone: the same bytes in and out",
                    {{"shape", ""},
                     {"avgpool", "ms", 3},
                     {"maxpool", "ms", 3},
                     {"ratio", "", 2},
                     {"low", "", 2},
                     {"high", "", 2},
                     {"traffic", "MB", 1}},
                    {}};
  for (const auto& geometry : context.geometries) {
    context.progress(geometry.name + ": average against maximum");
    ArmSet arms(context, report, context.options.seconds / 4);
    const auto average = arms.add(geometry.name + "/avgpool",
                                  bench::build_block(context.spec(geometry, "avgpool", bench::Unit::op)));
    const auto maximum = arms.add(geometry.name + "/maxpool",
                                  bench::build_block(context.spec(geometry, "maxpool", bench::Unit::op)));
    arms.run();
    const auto ratio = arms.ratio(maximum, average);
    table.rows.push_back({geometry.name, arms.time_ns(average).value / 1e6, arms.time_ns(maximum).value / 1e6,
                          ratio.value, ratio.low, ratio.high, arms.work(maximum).cost.min_bytes / 1e6});
    report.findings.push_back(
        {"original/operator/" + geometry.name,
         fmt::format("{}: our maximum takes {} times our average over the same bytes: {}.", geometry.name,
                     interval_text(ratio, ""),
                     ratio.low >= kPenalty   ? "the penalty is there in oneDNN's kernel, too"
                     : ratio.high < kPenalty ? "less than the original's penalty"
                                             : "this run cannot tell whether that is a penalty"),
         "times", ratio, false});
  }
  report.tables.push_back(std::move(table));
}

// Maximum against average of each library in a file of scripts/peers.
struct PeerTime {
  std::string work, library;  // "pool1 forward, batch 32", "torch eager"
  Interval average_ns, maximum_ns;
};

Interval time_of(const nlohmann::json& arm) {
  const auto& time = arm.at("time");
  return {time.at("median_ns"), time.at("median_low_ns"), time.at("median_high_ns")};
}

std::vector<PeerTime> read_peers(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw DataError(path + ": cannot be read; make it with scripts/peers --json FILE");
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("works"))
    throw DataError(path + ": is not a result of scripts/peers");
  std::vector<PeerTime> times;
  try {
    for (const auto& work : json.at("works")) {
      const std::string variant = work.at("variant");
      if (variant != "avgpool" && variant != "maxpool") continue;
      const auto name = fmt::format("{} {}, batch {}", work.at("unit").get<std::string>(),
                                    work.at("mode").get<std::string>(), work.at("batch").get<int>());
      for (const auto& arm : work.at("arms")) {
        if (!arm.contains("time")) continue;  // refused: no figures
        const std::string library =
            fmt::format("{} {}", arm.at("name").get<std::string>(), arm.at("data_type").get<std::string>());
        auto found = std::find_if(times.begin(), times.end(),
                                  [&](const PeerTime& t) { return t.work == name && t.library == library; });
        if (found == times.end()) found = times.insert(times.end(), {name, library, {}, {}});
        (variant == "avgpool" ? found->average_ns : found->maximum_ns) = time_of(arm);
      }
    }
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: is damaged: {}", path, error.what()));
  }
  return times;
}

void peers_part(ExplainContext& context, ExperimentReport& report) {
  if (context.options.peers.empty()) {
    report.notes.emplace_back(
        "other libraries: not available: measure them with scripts/peers --units network pool1 block1 --json "
        "FILE (it "
        "takes some minutes) and give the file with --peers FILE");
    return;
  }
  ReportTable table{"peers",
                    "maximum against average in other libraries (" + context.options.peers + ")",
                    {{"work", ""},
                     {"library", ""},
                     {"avgpool", "ms", 3},
                     {"maxpool", "ms", 3},
                     {"ratio", "", 2},
                     {"low", "", 2},
                     {"high", "", 2}},
                    {}};
  for (const auto& time : read_peers(context.options.peers)) {
    if (time.average_ns.value == 0 || time.maximum_ns.value == 0) continue;
    const Interval ratio{time.maximum_ns.value / time.average_ns.value,
                         time.maximum_ns.low / time.average_ns.high,
                         time.maximum_ns.high / time.average_ns.low};
    table.rows.push_back({time.work, time.library, time.average_ns.value / 1e6, time.maximum_ns.value / 1e6,
                          ratio.value, ratio.low, ratio.high});
    if (ratio.low < kPenalty) continue;
    report.findings.push_back(
        {fmt::format("original/peers/{}/{}", time.work, time.library),
         fmt::format("{}, {}: max takes {} times average: that library's kernel has the penalty.",
                     time.library, time.work, interval_text(ratio, "")),
         "times", ratio, false});
  }
  if (std::none_of(report.findings.begin(), report.findings.end(),
                   [](const Finding& f) { return f.id.starts_with("original/peers/"); }))
    report.notes.emplace_back("no library in that file takes 1.5 times as long for max as for average");
  report.tables.push_back(std::move(table));
}

}  // namespace

void check_peers_file(const std::string& path) { read_peers(path); }

void run_original(ExplainContext& context, ExperimentReport& report) {
  context.budget.expect_sets(static_cast<int>(context.geometries.size()) + (context.whole_network ? 3 : 0));
  operators_part(context, report);
  peers_part(context, report);
  if (context.whole_network) networks_part(context, report);
}

// Average and maximum move the same bytes: what a maximum takes beyond the average is no bandwidth's.
std::vector<Evidence> evidence_of_original(const ExperimentReport& report) {
  std::vector<Evidence> all;
  for (const auto& finding : report.findings) {
    const auto parts = parts_of_id(finding.id);
    const auto& ratio = finding.interval;
    if (parts.size() != 3 || parts[1] != "operator" || !(ratio.low > 0)) continue;
    const auto step = parts[2] + " maxpool";
    const std::string next =
        "original on another day (study explain --experiments original), for the ratio differs by process";
    const auto words = fmt::format("{:.2f} times the average over the same bytes", ratio.value);
    const auto rest = [](double r) { return std::clamp(1 - 1 / r, 0.0, 1.0); };
    all.push_back({step, "implementation", {rest(ratio.value), rest(ratio.low), 1}, words, next});
    all.push_back(
        {step, "bandwidth", {std::min(1.0, 1 / ratio.value), 0, std::min(1.0, 1 / ratio.low)}, words, next});
  }
  return all;
}

}  // namespace dsx::explain

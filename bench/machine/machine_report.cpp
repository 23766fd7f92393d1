// Machine as JSON and as text.
#include "bench/machine/machine_report.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "kernels/base/clock.hpp"

namespace dsx::bench {

namespace {

nlohmann::json to_json(const Rate& rate) {
  return {{"best", rate.best}, {"median", rate.median}, {"disturbed_share", rate.disturbed_share}};
}

// Three readings at the start, then one beside each part of the measurement.
std::string memory_text(const Machine& machine) {
  const auto& readings = machine.memory.readings();
  if (readings.empty()) return "";
  std::string text =
      "\nMemory system, in order of time: ns per dependent load by size, and reading by one thread\n  ";
  const auto to = std::back_inserter(text);
  for (const auto& row : readings.front().chases)
    fmt::format_to(to, "{:>9}", fmt::format("{:.2f} MiB", row.bytes / 1048576));
  text += "     GB/s  L3 that is ours, MiB\n";
  for (const auto& reading : readings) {
    text += "  ";
    for (const auto& row : reading.chases) fmt::format_to(to, "{:>9.1f}", row.ns);
    fmt::format_to(to, "{:>9.1f}  {:.1f}\n", reading.read_gbps, reading.l3_ours_bytes / 1048576);
  }
  for (const auto& line :
       {machine.memory.share_sentence(machine.nominal_l3_bytes), machine.memory.sentence()})
    if (!line.empty()) fmt::format_to(to, "  {}\n", line);
  return text + "\n";
}

}  // namespace

nlohmann::json to_json(const Machine& machine, const Environment& environment) {
  nlohmann::json json;
  for (const auto& [name, value] : environment_fields(environment)) json["environment"][name] = value;
  json["peaks"] = nlohmann::json::array();
  for (const auto& row : machine.peaks) {
    nlohmann::json entry{{"threads", row.threads}, {"dtype", row.dtype}};
    if (row.not_available.empty()) {
      entry["kernel"] = row.kernel;
      entry["gflops"] = to_json(row.gflops);
      entry["gemm_gflops"] = to_json(row.gemm_gflops);
      entry["gemm_share_of_peak"] = row.gemm_gflops.best / row.gflops.best;
      entry["flop_per_cycle_per_thread"] = row.flop_per_cycle_per_thread;
    } else {
      entry["not_available"] = row.not_available;
    }
    json["peaks"].push_back(entry);
  }
  json["bandwidths"] = nlohmann::json::array();
  for (const auto& row : machine.bandwidths) {
    nlohmann::json entry{{"threads", row.threads},
                         {"level", row.level},
                         {"bytes_per_thread", row.bytes_per_thread},
                         {"read_gb_per_s", to_json(row.read_gbps)},
                         {"write_gb_per_s", to_json(row.write_gbps)},
                         {"copy_gb_per_s", to_json(row.copy_gbps)}};
    if (row.level == "memory") entry["stream_triad_gb_per_s"] = to_json(row.triad_gbps);
    json["bandwidths"].push_back(entry);
  }
  json["fork_join"] = nlohmann::json::array();
  for (const auto& row : machine.fork_joins) {
    json["fork_join"].push_back({{"threads", row.threads},
                                 {"median_ns", row.time.median_ns},
                                 {"min_ns", row.time.min_ns},
                                 {"p99_ns", row.time.p99_ns},
                                 {"count", row.time.count}});
  }
  json["cpu_pairs"] = nlohmann::json::array();
  for (const auto& pair : machine.pairs) {
    json["cpu_pairs"].push_back({{"cpu_a", pair.cpu_a},
                                 {"cpu_b", pair.cpu_b},
                                 {"speedup_of_both", pair.speedup},
                                 {"one_core_as_measured", pair.speedup < 1.5},
                                 {"one_core_as_told", pair.told_as_one_core}});
  }
  if (!machine.pairs_not_available.empty()) json["cpu_pairs_not_available"] = machine.pairs_not_available;
  json["clock"] = {{"ghz_in_order_of_time", machine.clock_ghz}, {"drift", machine.clock_drift}};
  if (machine.clock_ghz.empty())
    json["clock"]["not_available"] = "no instruction of known latency on this architecture";
  if (!machine.memory.readings().empty()) {
    json["memory_system"] = {{"nominal_l3_bytes", machine.nominal_l3_bytes},
                             {"l3_ours", machine.memory.share_sentence(machine.nominal_l3_bytes)},
                             {"course", machine.memory.sentence()},
                             {"readings", nlohmann::json::array()}};
    for (const auto& reading : machine.memory.readings())
      json["memory_system"]["readings"].push_back(to_json(reading));
  }
  json["too_noisy"] = machine.too_noisy;
  json["involuntary_switches"] = machine.disturbance.involuntary_switches;
  json["took_s"] = in_seconds(machine.took_ns);
  return json;
}

std::string to_text(const Machine& machine, const Environment& environment) {
  std::string text;
  const auto to = std::back_inserter(text);
  for (const auto& [name, value] : environment_fields(environment))
    fmt::format_to(to, "{:<26}{}\n", name, value);
  text += "\nArithmetic, GFLOP/s: best (median); gemm is oneDNN's, 1536 x 1536\n";
  for (const auto& row : machine.peaks) {
    if (!row.not_available.empty()) {
      fmt::format_to(to, "  {} thread(s)  {:<5} {}\n", row.threads, row.dtype, row.not_available);
      continue;
    }
    fmt::format_to(
        to,
        "  {} thread(s)  {:<5} {:>8.1f} ({:.1f})  {:.1f} flop/cycle/thread  gemm {:.1f} = {:.0f}%  [{}]\n",
        row.threads, row.dtype, row.gflops.best, row.gflops.median, row.flop_per_cycle_per_thread,
        row.gemm_gflops.best, 100 * row.gemm_gflops.best / row.gflops.best, row.kernel);
  }
  text += "\nBandwidth, GB/s: best (median); copy counts both directions\n";
  for (const auto& row : machine.bandwidths) {
    fmt::format_to(
        to,
        "  {} thread(s)  {:<7} {:>9.0f} KiB/thread  read {:.1f} ({:.1f})  write {:.1f} ({:.1f})  copy {:.1f} "
        "({:.1f})",
        row.threads, row.level, row.bytes_per_thread / 1024, row.read_gbps.best, row.read_gbps.median,
        row.write_gbps.best, row.write_gbps.median, row.copy_gbps.best, row.copy_gbps.median);
    if (row.level == "memory")
      fmt::format_to(to, "  STREAM triad {:.1f} ({:.1f})", row.triad_gbps.best, row.triad_gbps.median);
    text += "\n";
  }
  text += "\nParallel region, empty, ns: median (p99)\n";
  for (const auto& row : machine.fork_joins) {
    fmt::format_to(to, "  {} thread(s)  {:.0f} ({:.0f})\n", row.threads, row.time.median_ns, row.time.p99_ns);
  }
  text += "\nLogical CPUs: both busy against one alone\n";
  for (const auto& pair : machine.pairs) {
    fmt::format_to(to, "  CPU {} and {}: {:.2f} times: {} (the system tells {})\n", pair.cpu_a, pair.cpu_b,
                   pair.speedup, pair.speedup < 1.5 ? "one core, shared" : "two cores",
                   pair.told_as_one_core ? "one core" : "two cores");
  }
  if (!machine.pairs_not_available.empty())
    fmt::format_to(to, "  not available: {}\n", machine.pairs_not_available);
  if (machine.clock_ghz.empty()) {
    text += "\nClock: not available on this architecture\n";
  } else {
    fmt::format_to(to, "\nClock: {:.2f} GHz at first, {:.2f} at last, drift {:.1f}%\n",
                   machine.clock_ghz.front(), machine.clock_ghz.back(), 100 * machine.clock_drift);
  }
  text += memory_text(machine);
  fmt::format_to(to, "Other processes took a core {} times in {:.1f} s\n",
                 machine.disturbance.involuntary_switches, in_seconds(machine.took_ns));
  if (machine.too_noisy)
    text += "The machine was busy: these figures are too low; measure again when it is quiet\n";
  return text;
}

}  // namespace dsx::bench

#include "study/analysis/latency_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/machine/memory_course.hpp"
#include "bench/measure/neighbours.hpp"
#include "kernels/base/counted.hpp"

namespace dsx::analysis {
namespace {

std::string value_of(const bench::Fields& fields, const std::string& name) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return "an unknown CPU";
}

// Which steps skip inputs that are 0, and how many those were; "" for none.
std::string zeros_text(const LatencyRun& run) {
  std::map<std::string, std::map<std::string, double>> shares;  // by step, by variant
  for (const LatencyProcess& process : run.processes)
    for (const LatencySet& set : process.sets)
      for (const auto& [step, share] : set.zeros) shares[step][set.variant] = share;
  std::string text;
  for (const auto& [step, variants] : shares) {
    std::string list;
    for (const auto& [variant, share] : variants)
      list += fmt::format("{}{:.0f}% for {}", list.empty() ? "" : ", ", 100 * share, variant);
    text += fmt::format("{}{} skips the inputs that a ReLU made 0, here {}",
                        text.empty() ? "Latency: " : "; ", step, list);
  }
  return text.empty() ? "" : text + " (random images, untrained weights); its time depends on the images.";
}

// Of the times alone on the machine: beside a load of ours the load itself makes a spread.
std::string spread_warning(const ResultTable& stability) {
  std::size_t rows = 0, spread = 0, worst = 0;
  double most = 0;
  for (std::size_t r = 0; r < stability.rows.size(); ++r) {
    if (stability.text(r, "load") != "none") continue;
    ++rows;
    if (stability.text(r, "spread").empty()) continue;
    ++spread;
    const double percent =
        std::max(stability.number(r, "between_percent"), stability.number(r, "over_time_percent"));
    if (percent > most) {
      most = percent;
      worst = r;
    }
  }
  if (spread == 0) return "";
  return fmt::format(
      "Latency: in {} of {} rows processes differ by more than the samples of one show. Most for {}, batch "
      "of "
      "{:.0f}, {}: {}.",
      spread, rows, stability.text(worst, "variant"), stability.number(worst, "batch"),
      stability.text(worst, "wait") == "active" ? "spinning" : "passive waiting",
      stability.text(worst, "spread"));
}

std::string memory_warning(const LatencyRun& run) {
  bench::MemoryCourse course;
  for (const LatencyProcess& process : run.processes)
    for (const bench::MemoryReading& reading : process.memory) course.add(reading);
  std::string text = course.sentence();
  if (const std::string share = course.share_sentence(run.nominal_l3_bytes); !share.empty())
    text += (text.empty() ? "" : "; ") + share;
  return text.empty() ? "" : fmt::format("Latency: {}.", text);
}

}  // namespace

ResultTable latency_warnings(const LatencyRun& run, const ResultTable& stability) {
  ResultTable table =
      make_table("latency_warnings", "what to know before reading a time", {"part", "sentence"});
  const auto add = [&](const char* part, const std::string& sentence) {
    if (!sentence.empty()) table.add({std::string(part), sentence});
  };
  if (run.of_one_process && !run.processes.empty())
    add("process",
        "Latency: these times are of one process for each way of waiting (latency.json is of an earlier "
        "version); "
        "their intervals come from plans that it built anew, and the next process may lie outside them: "
        "study "
        "report DIR --latency-again measures over processes.");
  add("spread", spread_warning(stability));
  add("memory", memory_warning(run));
  return table;
}

void add_latency_notes(Analysis& analysis, const LatencyRun& run) {
  std::vector<std::string>& notes = analysis.results.notes;
  if (!run.not_available.empty()) {
    notes.push_back("Latency: " + run.not_available);
    return;
  }
  if (!run.grid_not_available.empty()) notes.push_back("FLOPs against latency: " + run.grid_not_available);
  double most = 0;
  int processes = 0;
  for (const LatencyProcess& process : run.processes) {
    if (!process.sets.empty()) processes = std::max(processes, process.number);
    most = std::fmax(most, process.grid_neighbours);
    for (const LatencySet& set : process.sets) most = std::fmax(most, set.neighbours);
  }
  notes.push_back(fmt::format(
      "Latency: {} on {}; forward passes on images in memory, variants interleaved within {}.",
      counted(run.threads, "thread"), value_of(run.environment, "cpu_model"),
      run.of_one_process ? std::string("one process") : fmt::format("each of {} processes", processes)));
  if (const std::string zeros = zeros_text(run); !zeros.empty()) notes.push_back(zeros);
  if (most > bench::kBusyShare)
    notes.push_back(fmt::format(
        "THE MACHINE WAS BUSY while latency was measured: others used up to {:.0f}% of the CPUs. Do "
        "not trust its times; measure again on a quiet machine: study report DIR --latency-again",
        100 * most));
}

}  // namespace dsx::analysis

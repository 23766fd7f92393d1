// What `study explain` found: tables and sentences, each sentence with its number, its interval and the
// command that repeats it. One model, from which text, JSON and HDF5 are made; JSON can be read back, so that
// reports of two machines can stand side by side.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/measure/environment.hpp"

namespace dsx::explain {

// A median with the ends of its 95% interval (bench/measure/measure.hpp says how).
struct Interval {
  double value = 0, low = 0, high = 0;
  // Half the interval's width over the value: what a second run may differ by.
  double relative_half_width() const;
};
Interval scaled(const Interval& interval, double factor);

struct ReportColumn {
  std::string name, unit;  // "time", "ms"; unit "" for text and counts
  int digits = 2;          // behind the decimal point, in text
};
using ReportCell = std::variant<std::string, double>;  // a NaN is "n/a" in text and null in JSON
struct ReportTable {
  std::string name;   // "block1": unique within its experiment
  std::string title;  // one line
  std::vector<ReportColumn> columns;
  std::vector<std::vector<ReportCell>> rows;
  bool in_text = true;  // false: only in JSON and HDF5
};

// A sentence. `text` has its numbers in it; the fields are for programs and for comparing two reports.
struct Finding {
  std::string id;    // "factorial/block1/convolution": the same in every report
  std::string text;  // a full sentence, numbers and interval included
  std::string unit;
  Interval interval;
  // A part of a whole: two quiet runs agree on it within 15%. Others (knees, ratios near 1) only describe.
  bool is_part = false;
};

struct ExperimentReport {
  std::string name, question;
  std::string command;        // repeats this experiment alone
  std::string not_available;  // the reason, when it could not run
  std::size_t processes = 1;  // that its figures are over; of one, intervals say how well its samples agree
  std::string spread;         // what must be said first, when processes differ by more than their samples
  std::vector<ReportTable> tables;
  std::vector<Finding> findings;
  std::vector<std::string> notes;                                    // how to read it, what was left out
  std::vector<std::pair<std::string, std::vector<double>>> samples;  // ns, by arm; HDF5 only
  std::vector<std::string> undone;  // what there was no time for; a note says it to readers of files
  std::size_t sample_count = 0, disturbed_samples = 0;
  double neighbours_share = 0;  // of all CPU time, used by other processes meanwhile
  std::int64_t took_ns = 0;
};

struct ExplainReport {
  std::string command;
  bench::Fields settings;
  bench::Fields environment;
  nlohmann::ordered_json machine;  // bench/machine/machine.hpp's
  std::vector<ExperimentReport> experiments;
  std::vector<std::string> left_out;    // experiments that were not asked for
  std::vector<std::string> longer_run;  // what more time would narrow or add
  std::vector<std::string> noise;       // why this machine was too noisy to trust it; empty when it was quiet
};

// Fills in `noise` from what the experiments saw.
void judge_noise(ExplainReport& report);

std::string to_text(const ExperimentReport& experiment);
std::string to_text(const ExplainReport& report);  // all of it, the verdict on noise first

// "7.42 (7.31 to 7.55) ms"
std::string interval_text(const Interval& interval, const std::string& unit, int digits = 2);

}  // namespace dsx::explain

// What an experiment says about the causes of one step's time, in a form that can be held against what other
// experiments say. An experiment answers for itself (its row's `evidence`); who is right where they differ is
// account.hpp's.
#pragma once

#include <string>
#include <vector>

#include "study/explain/report.hpp"

namespace dsx::explain {

struct Cause {
  std::string name;     // "bandwidth"
  std::string words;    // "memory's bandwidth": stands in sentences
  std::string kind_of;  // a cause that must hold for this one to hold; "": none
};
const std::vector<Cause>& causes();
const Cause& cause(const std::string& name);  // throws std::out_of_range

// From these shares of a step's time on, of the interval's low and high end, a cause is supported or
// excluded. Between them a run cannot tell, or the cause is a lesser part.
constexpr double kSupportedFrom = 0.4, kExcludedUpTo = 0.2;

enum class Verdict { supports, excludes, cannot_tell };

struct Evidence {
  std::string step;   // "block1 maxpool", "block2 convolution"
  std::string cause;  // a row of causes()
  Interval share;     // of the step's time that this cause makes, 0 to 1; a NaN: this run cannot tell
  std::string words;  // what was seen: "82% vanish when its input lies in L2"
  std::string next;   // the experiment that would show this word to be wrong, as a command or a sentence
  Verdict verdict() const;
};

// `part` of `whole` as a share of the whole's value; ends kept within 0 and 1.
Interval share_of(const Interval& part, double whole);
// "57%", "57% (54 to 61)"
std::string percent(const Interval& share);

// Tables and findings of a report by name; null when they are not there.
const ReportTable* find_table(const ExperimentReport& report, const std::string& name);
const Finding* find_finding(const ExperimentReport& report, const std::string& id);
// A cell by the name of its column; NaN when there is none or it is text.
double number_in(const ReportTable& table, const std::vector<ReportCell>& row, const std::string& column);
std::string text_in(const ReportTable& table, const std::vector<ReportCell>& row, const std::string& column);

// "strips/block1/maxpool/traffic" at its slashes.
std::vector<std::string> parts_of_id(const std::string& id);

}  // namespace dsx::explain

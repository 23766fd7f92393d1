// Which conclusions hold on all machines: what several reports have in common, judged together. A claim about
// latency is one of the machine that it was measured on; only what holds on all of them is more.
#pragma once

#include <string>
#include <vector>

#include "study/explain/report.hpp"

namespace dsx::explain {

// all: decided alike in every report. none: in none of them. differs: two reports contradict each other:
// decided the other way, or their intervals lie apart and not both decide. some: decided in some, untold in
// the others.
enum class Holds { all, differs, some, none };

struct Conclusion {
  Holds holds = Holds::none;
  std::string
      text;  // one line, with the figures of every report: "dispatch/any/maxpool is above 1: A 1.48 (...)"
};

// Of every number with an interval that all reports have: on which side of 1 (a ratio) or 0 (a difference, a
// share) it lies. Of every cause in their accounts: what those say. Of parts of an experiment whose names
// differ in one place: their order. Parts that are small everywhere are left out. `names` as in "A": one for
// each report.
std::vector<Conclusion> conclusions(const std::vector<ExplainReport>& reports,
                                    const std::vector<std::string>& names);
std::string to_text(const std::vector<Conclusion>& conclusions, std::size_t reports);

}  // namespace dsx::explain

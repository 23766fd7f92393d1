// A claim's parts: how they decide it, and their words.
#pragma once

#include <string>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx::findings {

// A statement "this figure is above 0" with the words for it.
struct Part {
  std::string name;               // "strided - avgpool"
  statistics::Estimate estimate;  // of what the claim says is above `null`
  double scale = 100;
  std::string unit = "points";
  int digits = 1;
  double null = 0;
};
// "supported" when every interval lies above null, "contradicted" when one lies below it, else "cannot tell".
std::string decide(const std::vector<Part>& parts);
std::string part_text(const Part& part);
std::string measurement_text(const std::vector<Part>& parts, const std::string& what);
// "; by itself a / b: supported; c / d: cannot tell", where the parts differ: the whole's verdict names none.
std::string by_part_text(const std::vector<Part>& parts);
extern const char* const kHowDecided;

}  // namespace dsx::findings

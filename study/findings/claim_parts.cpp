#include "study/findings/claim_parts.hpp"

#include <fmt/format.h>

#include <map>

#include "study/findings/verdicts.hpp"

namespace dsx::findings {

const char* const kHowDecided =
    "supported: every interval lies on the claimed side; contradicted: one lies wholly on the other; else "
    "cannot tell";

std::string decide(const std::vector<Part>& parts) {
  bool supported = !parts.empty();
  for (const Part& part : parts) {
    const statistics::Estimate& e = part.estimate;
    if (e.estimable() && e.high < part.null) return "contradicted";
    supported = supported && e.estimable() && e.low > part.null;
  }
  return supported ? "supported" : "cannot tell";
}

std::string part_text(const Part& part) {
  const statistics::Estimate& e = part.estimate;
  if (!e.estimable()) return fmt::format("{}: not estimable ({})", part.name, e.not_estimable);
  const int digits = digits_that_tell(e, part.scale, part.null, part.digits);
  const auto shown = [&](double value) { return plain_number(part.scale * value, digits); };
  return fmt::format("{} {} ({} to {}){}{}", part.name, shown(e.value), shown(e.low), shown(e.high),
                     part.unit.empty() ? "" : " ", part.unit);
}

std::string measurement_text(const std::vector<Part>& parts, const std::string& what) {
  std::string text = what + ": ";
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? "; " : "") + part_text(parts[i]);
  return parts.empty() ? what + ": the variants were not trained" : text;
}

std::string by_part_text(const std::vector<Part>& parts) {
  std::map<std::string, std::string> names;  // by verdict
  for (const Part& part : parts) {
    std::string& list = names[decide({part})];
    list += (list.empty() ? "" : ", ") + part.name;
  }
  if (names.size() < 2) return "";
  std::string text;
  for (const auto& [verdict, list] : names)
    text += (text.empty() ? "; by itself " : "; ") + list + ": " + verdict;
  return text;
}

}  // namespace dsx::findings

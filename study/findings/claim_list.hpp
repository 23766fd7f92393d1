// The original study's claims, each a row: its words, and the function that measures and decides it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "study/findings/claim_evidence.hpp"

namespace dsx::findings {

// How a claim came out. `verdict`: supported, contradicted, cannot tell.
struct Judgement {
  std::string measurement, verdict;
};
struct Claim {
  std::string text;
  std::string how;     // how the verdict follows from the measurement
  std::string repeat;  // command; empty: the sweep's own
  std::function<Judgement(const Evidence&)> judge;
};
// Judged from the parts alone, every one claimed above its null.
Judgement judged_by(const std::vector<Part>& parts, const std::string& what);

std::vector<Claim> claims_about_operators();     // what it says of avgpool, maxpool and strided
std::vector<Claim> claims_about_the_question();  // bias control, limited data, FLOPs and trade-offs
std::vector<Claim> claims_of_its_table();        // its headline table's columns, counts and times

}  // namespace dsx::findings

// The questions that runs with other operators answer (study/swap).
#pragma once

#include <vector>

#include "study/findings/questions.hpp"

namespace dsx::findings {

// Differences between variants that the operator makes with the same weights, those that training makes, and
// whether images called positive rise with the dose.
std::vector<Question> swap_questions();

}  // namespace dsx::findings

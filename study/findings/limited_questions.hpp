// The questions about the number of training images.
#pragma once

#include <vector>

#include "study/findings/questions.hpp"

namespace dsx::findings {

// Whether differences between variants change as the training set shrinks: differences of slopes.
std::vector<Question> limited_questions();

}  // namespace dsx::findings

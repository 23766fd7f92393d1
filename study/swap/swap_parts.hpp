// The difference between two variants taken apart into what the operator does and what training made of it.
//
// With V(a, b) a figure of the network trained with a and run with b:
//   difference = V(a, a) - V(b, b)
//   operator   = ((V(a, a) - V(a, b)) + (V(b, a) - V(b, b))) / 2    same weights, other operator, both orders
//   training   = ((V(a, a) - V(b, a)) + (V(a, b) - V(b, b))) / 2    same operator, other weights, both orders
// operator + training = difference, exactly: the two-way case of Shapley's value (Shorrocks 2013, J. Econ.
// Inequal. 11:99), in demography Kitagawa's decomposition (1955, J. Am. Stat. Assoc. 50:1168).
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::swap {

// Table swap_parts and records of topic "swap_parts", keys "operator/half/specificity", for each pair of
// variants. The parts operator_on_a and operator_on_b are the two orders alone. Without `computed` the table
// is empty.
void add_swap_parts(analysis::Analysis& analysis, bool computed);

// Of a difference a - b of figures in `range`, against 0.
analysis::FigureRange range_of_difference(const analysis::FigureRange& range);

}  // namespace dsx::swap

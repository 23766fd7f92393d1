// Binary cross-entropy with logits, mean over the batch, and its gradient in one pass:
//   loss = mean(max(x, 0) - x y + log(1 + exp(-|x|)))       diff_logits = (sigmoid(x) - y) / N
// One value per image: oneDNN has no such primitive, and N values in double cost nothing. Labels may be soft
// (in [0, 1]).
#pragma once

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// SRC_0 logits [N, 1], SRC_1 labels [N, 1] -> DST loss [1], DIFF_SRC [N, 1]
Kernel bce_with_logits(int batch);

// The same loss of one value, in double: max(x, 0) - x y + log1p(exp(-|x|)).
double bce_with_logits_value(double logit, double label);

}  // namespace dsx::kernels

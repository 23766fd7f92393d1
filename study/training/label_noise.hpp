// Wrong labels on purpose, in the training split only: what the study's robustness curves are drawn over.
//
// Whether a label is wrong depends on the noise seed, the image's name and, where the kind says so, on the
// image: never on the variant or the order. Each image draws u from [0, 1) once per noise seed and is wrong
// where u < p(image); p grows with the rate, so a higher rate has the wrong labels of a lower one and more.
//
//   symmetric              p = rate for every image
//   positive_to_negative   p = rate for positives (label 1), 0 for the others: half as many in a balanced set
//   negative_to_positive   the other way round
//   instance               p = 2 rate r, where r in (0, 1) is the rank of the image's score within its class.
//                          The score is a random projection (one direction per class and noise seed) of the
//                          image shrunk to 16 x 16 and standardised to mean 0 and variance 1, so that it
//                          follows structure and not exposure. Images of a class that look alike are wrong
//                          together, up to twice the rate; the mean over a class is the rate exactly.
//
// The instance kind follows Xia et al., "Part-dependent Label Noise", NeurIPS 2020 (algorithm 2: flip rates
// from random projections of the image, per class) and Chen et al., "Beyond Class-Conditional Assumption",
// AAAI 2021. With two classes the softmax of the former cancels, which leaves a rate independent of the
// image: hence ranks.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings.hpp"

namespace dsx::training {

// What was made wrong.
struct NoiseRecord {
  std::string kind;
  double rate = 0;
  std::size_t images = 0;  // of the training split
  std::size_t positive_to_negative = 0, negative_to_positive = 0;
  std::vector<std::string> names;  // of the wrong ones, in the data set's order
  std::string digest;              // SHA-256 of the names: equal noise is an equal digest
  std::size_t flipped() const { return names.size(); }
};

// Replaces `train.labels` as settings.label_noise and noise_kind say; nothing at a rate of 0. `train` is the
// training split with its true labels. Reads every training image for the instance kind. Throws DataError for
// an image that cannot be read.
NoiseRecord add_label_noise(const data::Dataset& dataset, const settings::Settings& settings,
                            settings::SplitData& train);

}  // namespace dsx::training

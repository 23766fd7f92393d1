// Cells as load_cells() would give them, with predictions drawn from known distributions instead of a
// network's.
#pragma once

#include <fmt/core.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "kernels/base/random.hpp"
#include "study/analysis/cells.hpp"

namespace dsx {

struct Planted {
  std::vector<std::string> variants = {"avgpool", "maxpool"};
  std::size_t seeds = 5;
  std::vector<double> rates = {0};
  // Training images, the most first; fewer only with clean labels. train has the first of them.
  std::vector<double> sizes = {settings::kAllTrainImages};
  // Added to the logits of positives.
  std::function<double(const std::string& variant, double train_images)> lift = [](const std::string&,
                                                                                   double) { return 0.0; };
  std::size_t per_class = 150;  // images of test; val and train have as many
  std::size_t images_per_subject = 1;
  bool same_draws = false;  // all variants share their noise: equal logits where the means are equal
  // Mean logit of an image of this variant, class and noise rate.
  std::function<double(const std::string& variant, bool positive, double rate)> mean =
      [](const std::string&, bool positive, double) { return positive ? 1.5 : -1.5; };
};

inline double normal_draw(Random& random) {
  constexpr double kTwoPi = 6.283185307179586;
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(kTwoPi * random.uniform());
}

// A subject is harder or easier for all variants and seeds (half of the variance), as real ones are.
inline analysis::SplitPredictions planted_split(const Planted& planted, const std::string& variant,
                                                std::uint64_t seed, double rate, const std::string& split) {
  analysis::SplitPredictions p;
  const std::uint64_t place = split == "train" ? 1 : split == "val" ? 2 : 3;
  Random shared({17, place});
  std::uint64_t own = 0;
  if (!planted.same_draws)
    for (const char c : variant) own = own * 31 + static_cast<unsigned char>(c);
  Random single({seed, place, own, static_cast<std::uint64_t>(rate * 1000)});
  std::vector<double> of_subject(2 * planted.per_class);  // by class and subject
  for (double& draw : of_subject) draw = normal_draw(shared);
  for (std::size_t i = 0; i < 2 * planted.per_class; ++i) {
    const bool positive = i % 2 == 1;
    const std::size_t subject = i / 2 / planted.images_per_subject;
    p.names.push_back(fmt::format("{}-{:04}", split, i));
    p.subjects.push_back(fmt::format("{}-{}-{}", split, positive ? "p" : "n", subject));
    p.labels.push_back(positive ? 1.F : 0.F);
    p.logits.push_back(static_cast<float>(planted.mean(variant, positive, rate) +
                                          0.7 * of_subject[2 * subject + (positive ? 1 : 0)] +
                                          0.7 * normal_draw(single)));
  }
  return p;
}

inline void lift_positives(analysis::SplitPredictions& split, double lift) {
  for (std::size_t i = 0; i < split.size(); ++i)
    if (split.labels[i] > 0.5F) split.logits[i] += static_cast<float>(lift);
}

inline void keep_first(analysis::SplitPredictions& split, double images) {
  if (!(images < static_cast<double>(split.size()))) return;
  const auto count = static_cast<std::size_t>(images);
  split.names.resize(count);
  split.subjects.resize(count);
  split.labels.resize(count);
  split.logits.resize(count);
}

inline std::vector<analysis::Cell> planted_cells(const Planted& planted) {
  std::vector<analysis::Cell> cells;
  for (const double rate : planted.rates)
    for (const double size : rate > 0 ? std::vector<double>{planted.sizes.front()} : planted.sizes)
      for (std::uint64_t seed = 1; seed <= planted.seeds; ++seed)
        for (const std::string& variant : planted.variants) {
          analysis::Cell cell;
          cell.train_images = size;
          cell.variant = cell.settings.variant = variant;
          cell.seed = cell.settings.seed = seed;
          cell.noise = cell.settings.label_noise = rate;
          cell.data_digest = "planted";
          cell.class_names = {"NORMAL", "PNEUMONIA"};
          cell.history.resize(1);
          cell.train = planted_split(planted, variant, seed, rate, "train");
          cell.val = planted_split(planted, variant, seed, rate, "val");
          cell.test = planted_split(planted, variant, seed, rate, "test");
          keep_first(cell.train, size);
          for (auto* split : {&cell.train, &cell.val, &cell.test})
            lift_positives(*split, planted.lift(variant, size));
          cells.push_back(std::move(cell));
        }
  return cells;
}

}  // namespace dsx

// What a trained network says of images that are partly covered, or a little noisy: of each test image as a
// whole, and of a few by windows.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"
#include "net/plan/plan.hpp"
#include "study/mechanism/windows.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings.hpp"

namespace dsx::mechanism {

// Ways to show an image:
//   whole         as it is
//   border_grey   its frame in the grey of the chosen images' mean
//   border_other  its frame from another of the chosen images, half of which are of either class
//   border_alone  all but its frame in that grey
//   noise         normal noise of a twentieth of the range from black to white added
const std::vector<std::string>& views();
inline constexpr double kNoiseOfRange = 0.05;

// Test images that are looked at closely, in memory as the network takes them.
struct ChosenImages {
  std::vector<std::size_t> places;  // in the split, ascending
  std::vector<float> pixels;        // one image after the other
  std::vector<float> grey;          // per channel: their mean
  PixelLayout layout;
  std::size_t size() const { return places.size(); }
  std::span<const float> image(std::size_t i) const {
    return {pixels.data() + i * layout.shape.count(), layout.shape.count()};
  }
};
// `count` of the split's images or one fewer, half of each class and evenly over its images; all of a class
// that has fewer.
ChosenImages choose_images(const data::Dataset& dataset, const settings::SplitData& split,
                           const settings::Settings& settings, std::size_t count);

using Tick = std::function<void(double fraction)>;

// Logits [views()][image of the split]. The same for all networks that see the same split: noise and donors
// go by the image's place.
std::vector<std::vector<float>> logits_of_views(net::Plan& plan, const data::Dataset& dataset,
                                                const settings::SplitData& split,
                                                const settings::Settings& settings,
                                                const ChosenImages& chosen, const Tick& tick);

// Occlusion (Zeiler & Fergus 2014, ECCV): how much the logit falls when a window is covered with grey,
// [chosen image][windows_of()]. Above 0: what is there speaks for the positive class.
std::vector<std::vector<float>> occlusion(net::Plan& plan, const ChosenImages& chosen, const Tick& tick);

}  // namespace dsx::mechanism

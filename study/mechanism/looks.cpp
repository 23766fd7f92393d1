#include "study/mechanism/looks.hpp"

#include <algorithm>
#include <cmath>

#include "data/loading/batch_loader.hpp"
#include "kernels/base/pages.hpp"
#include "kernels/base/random.hpp"
#include "study/cli/interrupt.hpp"

namespace dsx::mechanism {
namespace {

constexpr std::uint64_t kChangeSeed = 21;

std::vector<std::size_t> chosen_places(const std::vector<float>& labels, std::size_t count) {
  std::vector<std::size_t> places;
  for (const bool positive : {false, true}) {
    std::vector<std::size_t> of_class;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if ((labels[i] > 0.5F) == positive) of_class.push_back(i);
    const std::size_t wanted = std::min(count / 2, of_class.size());
    for (std::size_t k = 0; k < wanted; ++k) places.push_back(of_class[k * of_class.size() / wanted]);
  }
  std::sort(places.begin(), places.end());
  return places;
}

// Changes of one image; `place` is its place in the split.
class Changer {
 public:
  Changer(const ChosenImages& chosen, double std) : chosen_(chosen) {
    Random random({kChangeSeed});
    noise_.resize(chosen.layout.shape.count());
    for (float& value : noise_) value = static_cast<float>(kNoiseOfRange / std * random.normal());
  }

  void change(std::size_t view, std::span<float> image, std::size_t place) const {
    const std::string& name = views()[view];
    if (name == "border_grey") cover(image, chosen_.layout, Side::frame, chosen_.grey);
    if (name == "border_alone") cover(image, chosen_.layout, Side::inside, chosen_.grey);
    if (name == "border_other") take_frame(image, chosen_.layout, chosen_.image(donor_of(place)));
    if (name == "noise") add_noise(image, place);
  }

 private:
  // Not the image itself.
  std::size_t donor_of(std::size_t place) const {
    Random random({kChangeSeed, place});
    const std::size_t donor = random.below(chosen_.size());
    return chosen_.places[donor] == place ? (donor + 1) % chosen_.size() : donor;
  }
  // One field of noise, from another start for each image.
  void add_noise(std::span<float> image, std::size_t place) const {
    Random random({kChangeSeed, place, 1});
    std::size_t from = random.below(noise_.size());
    for (float& value : image) {
      value += noise_[from];
      if (++from == noise_.size()) from = 0;
    }
  }

  const ChosenImages& chosen_;
  std::vector<float> noise_;
};

// A plan's source in memory that is ours to change.
class Source {
 public:
  explicit Source(net::Plan& plan) : plan_(plan), memory_(allocate_pages(plan.src_count() * sizeof(float))) {
    std::fill_n(floats(), plan.src_count(), 0.F);
    plan.set_src(floats());
  }
  std::span<float> image(std::size_t n) {
    const std::size_t count = plan_.src_count() / static_cast<std::size_t>(plan_.batch());
    return {floats() + n * count, count};
  }

 private:
  float* floats() { return reinterpret_cast<float*>(memory_.get()); }
  net::Plan& plan_;
  AlignedBytes memory_;
};

}  // namespace

const std::vector<std::string>& views() {
  static const std::vector<std::string> names = {"whole", "border_grey", "border_other", "border_alone",
                                                 "noise"};
  return names;
}

ChosenImages choose_images(const data::Dataset& dataset, const settings::SplitData& split,
                           const settings::Settings& settings, std::size_t count) {
  ChosenImages chosen;
  chosen.places = chosen_places(split.labels, count);
  const data::LoaderOptions options = settings::evaluation_loader(settings);
  chosen.layout = {dataset.shape(), options.channels_last};
  std::vector<std::size_t> indices;
  for (const std::size_t place : chosen.places) indices.push_back(split.indices[place]);
  data::BatchLoader loader(dataset, indices, std::vector<float>(indices.size()), options);
  loader.start_epoch(0);
  const std::size_t floats = chosen.layout.shape.count();
  while (const data::Batch* batch = loader.next())
    chosen.pixels.insert(chosen.pixels.end(), batch->images.begin(),
                         batch->images.begin() + static_cast<std::ptrdiff_t>(floats * batch->valid));
  const auto channels = static_cast<std::size_t>(chosen.layout.shape.channels);
  std::vector<double> sums(channels);
  const std::size_t per_channel = chosen.pixels.size() / channels, plane = floats / channels;
  for (std::size_t i = 0; i < chosen.pixels.size(); ++i)
    sums[options.channels_last ? i % channels : i / plane % channels] += chosen.pixels[i];
  for (const double sum : sums)
    chosen.grey.push_back(static_cast<float>(sum / static_cast<double>(per_channel)));
  return chosen;
}

std::vector<std::vector<float>> logits_of_views(net::Plan& plan, const data::Dataset& dataset,
                                                const settings::SplitData& split,
                                                const settings::Settings& settings,
                                                const ChosenImages& chosen, const Tick& tick) {
  std::vector<std::vector<float>> logits(views().size());
  const Changer changer(chosen, settings.std);
  data::BatchLoader loader(dataset, split.indices, split.labels, settings::evaluation_loader(settings));
  loader.start_epoch(0);
  Source source(plan);
  std::size_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    cli::check_interrupt("stopped while looking at covered images");
    const auto valid = static_cast<std::size_t>(batch->valid);
    const std::size_t floats = chosen.layout.shape.count();
    for (std::size_t view = 0; view < views().size(); ++view) {
#pragma omp parallel for
      for (std::size_t n = 0; n < valid; ++n) {
        const auto from = batch->images.subspan(n * floats, floats);
        const std::span<float> image = source.image(n);
        std::copy(from.begin(), from.end(), image.begin());
        changer.change(view, image, done + n);
      }
      plan.forward();
      logits[view].insert(logits[view].end(), plan.logits().begin(),
                          plan.logits().begin() + static_cast<std::ptrdiff_t>(valid));
    }
    done += valid;
    tick(static_cast<double>(done) / static_cast<double>(split.indices.size()));
  }
  return logits;
}

std::vector<std::vector<float>> occlusion(net::Plan& plan, const ChosenImages& chosen, const Tick& tick) {
  const std::vector<Window> windows = windows_of(chosen.layout.shape.height, chosen.layout.shape.width);
  const auto batch = static_cast<std::size_t>(plan.batch());
  // One pass more per image than windows: the image as it is.
  const std::size_t per_image = windows.size() + 1, all = chosen.size() * per_image;
  std::vector<float> logits;
  Source source(plan);
  for (std::size_t first = 0; first < all; first += batch) {
    cli::check_interrupt("stopped while covering windows");
    const std::size_t count = std::min(batch, all - first);
#pragma omp parallel for
    for (std::size_t n = 0; n < count; ++n) {
      const std::size_t image = (first + n) / per_image, window = (first + n) % per_image;
      const auto from = chosen.image(image);
      const std::span<float> to = source.image(n);
      std::copy(from.begin(), from.end(), to.begin());
      if (window > 0) cover(to, chosen.layout, windows[window - 1], chosen.grey);
    }
    plan.forward();
    logits.insert(logits.end(), plan.logits().begin(),
                  plan.logits().begin() + static_cast<std::ptrdiff_t>(count));
    tick(static_cast<double>(first + count) / static_cast<double>(all));
  }
  std::vector<std::vector<float>> falls(chosen.size(), std::vector<float>(windows.size()));
  for (std::size_t i = 0; i < chosen.size(); ++i)
    for (std::size_t w = 0; w < windows.size(); ++w)
      falls[i][w] = logits[i * per_image] - logits[i * per_image + 1 + w];
  return falls;
}

}  // namespace dsx::mechanism

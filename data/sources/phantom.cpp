// Draws the synthetic chest: smooth anatomy on a quarter-size grid, textures from filtered noise at half
// size, then exposure and film grain at full size, which keeps one image at a few milliseconds. Lengths are
// in the thorax frame: x to the image's right, y down, the thorax about [-1, 1] in both.
#include "data/sources/phantom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"

namespace dsx::data {
namespace {

constexpr int kVersion = 1;  // of the drawing: part of the digest, to be raised with any visible change
constexpr double kPi = std::numbers::pi;

// A soft-edged ellipse; `edge` is the width of its border in units of its radius.
struct Ellipse {
  float x, y, rx, ry, edge;
  // 1 inside, 0 outside, smooth between.
  float cover(float px, float py) const {
    const float dx = (px - x) / rx, dy = (py - y) / ry;
    const float t = std::clamp((1 + edge - std::sqrt(dx * dx + dy * dy)) / (2 * edge), 0.0F, 1.0F);
    return t * t * (3 - 2 * t);
  }
};

// A lung: an ellipse whose apex is narrower and leans towards the spine.
struct Lung {
  Ellipse base;
  float side, lean;  // side: -1 image's left, 1 right
  float cover(float px, float py) const {
    const float up = std::clamp((base.y - py) / base.ry, -1.0F, 1.0F);
    Ellipse here = base;
    here.rx *= 1 - 0.22F * up;
    here.x -= side * lean * std::max(0.0F, up);
    return here.cover(px, py);
  }
};

// One patient and one exposure.
struct Patient {
  float centre_x, centre_y, scale_x, scale_y, tilt;
  float shoulder, neck;
  Ellipse heart;
  std::array<Lung, 2> lungs;
  std::array<Ellipse, 2> domes;
  float lung_depth, heart_density, spine_density, spine_width, dome_density;
  float rib_density, rib_spacing, rib_phase, rib_slope, rib_sharpness;
  float vessel_density;
  std::array<float, 4> tissue;  // slow shading across the body
  // Shadows over the lungs, in both classes alike; pneumonia gives them texture.
  std::vector<Ellipse> shadows;
  std::vector<float> densities;
  float mottle;         // texture's strength: 0 in healthy lungs
  float mottle_period;  // pixels at 320
  float gain, offset, gamma, grain;
};

float between(Random& random, double low, double high) {
  return static_cast<float>(random.uniform(low, high));
}

void add_shadows(Patient& p, Random& random, bool pneumonia) {
  const bool diffuse = random.uniform() < 0.4;
  const int count = diffuse ? 2 : 1 + static_cast<int>(random.below(2));
  const std::size_t first = random.below(2);
  for (int i = 0; i < count; ++i) {
    const Ellipse& lung = p.lungs[(first + static_cast<std::size_t>(i)) % 2].base;
    const float spread = diffuse ? between(random, 0.75, 1.0) : between(random, 0.55, 0.85);
    const float reach = diffuse ? 0.2F : 0.5F;
    p.shadows.push_back({.x = lung.x + lung.rx * reach * between(random, -0.6, 0.6),
                         .y = lung.y + lung.ry * reach * between(random, -1, 1),
                         .rx = lung.rx * spread * between(random, 0.9, 1.2),
                         .ry = lung.ry * spread * between(random, 0.7, 1.1),
                         .edge = between(random, 0.25, 0.5)});
    const float density = between(random, 0, 0.24);
    p.densities.push_back(pneumonia ? density + 0.055F : density);
  }
}

Patient draw_patient(Random& random, bool pneumonia) {
  Patient p{};
  p.centre_x = between(random, -0.1, 0.1);
  p.centre_y = between(random, -0.1, 0.1);
  p.scale_x = between(random, 0.86, 1.08);
  p.scale_y = between(random, 0.86, 1.1);
  p.tilt = between(random, -8, 8) * static_cast<float>(kPi / 180);
  p.shoulder = between(random, -1.05, -0.85);
  p.neck = between(random, 0.24, 0.34);
  const float gap = between(random, 0.4, 0.46), height = between(random, 0.66, 0.8);
  for (std::size_t side = 0; side < 2; ++side) {
    const float sign = side == 0 ? -1.0F : 1.0F;
    p.lungs[side] = {{sign * gap, between(random, -0.1, 0), between(random, 0.31, 0.37), height,
                      between(random, 0.08, 0.14)},
                     sign,
                     between(random, 0.06, 0.16)};
    p.domes[side] = {sign * gap, height + between(random, 0.02, 0.14), 0.55F, between(random, 0.3, 0.4),
                     0.12F};
  }
  p.heart = {between(random, 0.08, 0.18), between(random, 0.22, 0.36), between(random, 0.3, 0.4),
             between(random, 0.3, 0.4), between(random, 0.12, 0.2)};
  p.lung_depth = between(random, 0.3, 0.42);
  p.heart_density = between(random, 0.18, 0.3);
  p.spine_density = between(random, 0.1, 0.2);
  p.spine_width = between(random, 0.08, 0.12);
  p.dome_density = between(random, 0.2, 0.35);
  p.rib_density = between(random, 0.05, 0.13);
  p.rib_spacing = between(random, 0.19, 0.25);
  p.rib_phase = between(random, 0, 1);
  p.rib_slope = between(random, 0.35, 0.6);
  p.rib_sharpness = between(random, 2, 5);
  p.vessel_density = between(random, 0.03, 0.07);
  for (float& value : p.tissue) value = between(random, -0.1, 0.1);
  add_shadows(p, random, pneumonia);
  // Drawn for both classes, so that everything else of a patient is the same whatever the label.
  p.mottle = between(random, 0.1, 0.18);
  p.mottle_period = between(random, 7, 11);
  if (!pneumonia) p.mottle = 0;
  p.gain = between(random, 0.75, 1.15);
  p.offset = between(random, -0.08, 0.1);
  p.gamma = std::exp(between(random, -0.35, 0.35));
  p.grain = between(random, 0.008, 0.03);
  return p;
}

float smooth(float t) {
  t = std::clamp(t, 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

// Shoulders that slope from the neck, and arms or flanks out to the picture's edge.
float body_cover(const Patient& p, float x, float y) {
  const float side = std::abs(x);
  const float slope = std::max(0.0F, side - p.neck);
  const float trunk = smooth((y - p.shoulder - 0.45F * slope) * 8) * smooth((1.14F - side) * 8);
  return std::max(trunk, smooth((p.neck - side) * 10 + 0.5F));
}

// Bands that rise towards the spine and bend, fading out below the thorax and in the middle.
float ribs(const Patient& p, float side, float y) {
  const float along = (y + p.rib_slope * (0.55F * side * side - 0.5F * side)) / p.rib_spacing + p.rib_phase;
  const float wave = 0.5F + 0.5F * std::sin(static_cast<float>(2 * kPi) * along);
  const float inside = std::clamp((side - 0.1F) * 8, 0.0F, 1.0F) *
                       std::clamp((0.95F - side) * 8, 0.0F, 1.0F) *
                       std::clamp((0.85F - std::abs(y)) * 5, 0.0F, 1.0F);
  return inside <= 0 ? 0 : inside * std::pow(wave, p.rib_sharpness);
}

// The diaphragm's two domes and all below them.
float dome_cover(const Patient& p, float x, float y) {
  return std::max(p.domes[0].cover(x, std::min(y, p.domes[0].y)),
                  p.domes[1].cover(x, std::min(y, p.domes[1].y)));
}

// Attenuation of tissue, organs and bones at one point of the thorax frame, without shadows.
float anatomy(const Patient& p, float x, float y, float lung) {
  const float side = std::abs(x);
  const float middle = x / 0.2F, s = x / p.spine_width;
  float sum = 0.58F - p.lung_depth * lung;
  sum += p.tissue[0] * x + p.tissue[1] * y + p.tissue[2] * x * y + p.tissue[3] * (x * x - 0.4F);
  const float heart = p.heart_density * std::max(p.heart.cover(x, y), 0.7F * std::exp(-middle * middle));
  sum += std::max(heart, p.dome_density * dome_cover(p, x, y));
  sum += p.spine_density * (0.8F + 0.2F * std::sin(y * 34)) * std::exp(-s * s * s * s);
  sum += p.rib_density * ribs(p, side, y);
  const float collarbone = (y + 0.62F - 0.18F * side) / 0.045F;
  sum +=
      1.2F * p.rib_density * std::exp(-collarbone * collarbone) * std::clamp((0.85F - side) * 8, 0.0F, 1.0F);
  return sum * body_cover(p, x, y);
}

// Unit-variance noise whose waves are about `period` pixels long: a difference of Gaussians of white noise.
cv::Mat1f band_noise(Random& random, int size, double period) {
  cv::Mat1f white(size, size), fine, coarse;
  for (float& value : white) {
    const std::uint64_t bits = random.bits();
    const auto sum =
        static_cast<float>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
    value = sum / 65535.0F - 2;
  }
  const double sigma = std::max(0.3, period / 5);
  cv::GaussianBlur(white, fine, {}, sigma, sigma, cv::BORDER_REFLECT_101);
  cv::GaussianBlur(white, coarse, {}, 1.6 * sigma, 1.6 * sigma, cv::BORDER_REFLECT_101);
  fine -= coarse;
  cv::Scalar mean, deviation;
  cv::meanStdDev(fine, mean, deviation);
  fine = (fine - mean[0]) / std::max(1e-6, deviation[0]);
  return fine;
}

// What the quarter-size grid holds.
struct Fields {
  cv::Mat1f base;      // attenuation with the shadows, without texture
  cv::Mat1f vascular;  // strength of the vessels' texture: falls off from the hilum
  cv::Mat1f mottled;   // strength of pneumonia's texture
};

Fields draw_fields(const Patient& p, int size) {
  Fields fields{cv::Mat1f(size, size), cv::Mat1f(size, size), cv::Mat1f(size, size)};
  const float cosine = std::cos(p.tilt), sine = std::sin(p.tilt), step = 2.0F / static_cast<float>(size);
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const float u = step * (static_cast<float>(column) + 0.5F) - 1 - p.centre_x;
      const float v = step * (static_cast<float>(row) + 0.5F) - 1 - p.centre_y;
      const float x = (cosine * u + sine * v) / p.scale_x, y = (cosine * v - sine * u) / p.scale_y;
      // The heart and the diaphragm hide the lung behind them almost wholly.
      const float hidden = std::max(p.heart.cover(x, y), dome_cover(p, x, y));
      const float lung = std::max(p.lungs[0].cover(x, y), p.lungs[1].cover(x, y)) * (1 - 0.85F * hidden);
      float shadow = 0, opaque = 0;
      for (std::size_t i = 0; lung > 0 && i < p.shadows.size(); ++i) {
        const float cover = p.shadows[i].cover(x, y);
        shadow += p.densities[i] * cover;
        opaque = std::max(opaque, cover);
      }
      const float from_hilum = (std::abs(x) - 0.25F) * (std::abs(x) - 0.25F) + 0.5F * y * y;
      fields.base(row, column) = anatomy(p, x, y, lung) + lung * shadow;
      fields.vascular(row, column) = p.vessel_density * lung * std::exp(-7 * from_hilum);
      fields.mottled(row, column) = p.mottle * lung * opaque;
    }
  }
  return fields;
}

cv::Mat1f enlarged(const cv::Mat1f& field, int size, int interpolation) {
  cv::Mat1f result;
  cv::resize(field, result, {size, size}, 0, 0, interpolation);
  return result;
}

// Everything but exposure and grain, at full size.
cv::Mat1f draw_thorax(const Patient& p, Random& random, int size) {
  const double pixel = size / 320.0;
  const Fields fields = draw_fields(p, std::max(16, size / 4));
  const int half = std::max(16, size / 2);
  // The noise is drawn for both classes, so that a label changes nothing else of the image.
  const cv::Mat1f mottle = band_noise(random, half, p.mottle_period * pixel / 2);
  const cv::Mat1f vessels = band_noise(random, half, 14 * pixel);
  const cv::Mat1f vascular = enlarged(fields.vascular, half, cv::INTER_LINEAR);
  const cv::Mat1f mottled = enlarged(fields.mottled, half, cv::INTER_LINEAR);
  cv::Mat1f texture(half, half);
  for (int row = 0; row < half; ++row) {
    for (int column = 0; column < half; ++column) {
      // Ridges of smooth noise look like branching vessels; 0.6 is about their mean.
      const float ridge = std::max(0.0F, 1.4F - 2 * std::abs(vessels(row, column))) - 0.6F;
      texture(row, column) = vascular(row, column) * ridge + mottled(row, column) * mottle(row, column);
    }
  }
  cv::Mat1f thorax = enlarged(fields.base, size, cv::INTER_CUBIC);
  thorax += enlarged(texture, size, cv::INTER_LINEAR);
  return thorax;
}

void expose(const Patient& p, Random& random, const cv::Mat1f& thorax, std::span<std::uint8_t> pixels) {
  // Gamma by a table: pow() per pixel would cost more than all the rest.
  constexpr int steps = 1024;
  std::array<std::uint8_t, steps + 1> film{};
  for (int i = 0; i <= steps; ++i)
    film[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(std::lround(255 * std::pow(static_cast<float>(i) / steps, p.gamma)));
  std::size_t at = 0;
  std::uint64_t bits = 0;
  for (const float value : thorax) {
    if (at % 2 == 0) bits = random.bits();
    // Four bytes' sum: close enough to normal, mean 510, standard deviation 147.8.
    const auto sum =
        static_cast<float>((bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + (bits >> 24 & 0xFF));
    bits >>= 32;
    const float light = std::clamp(value * p.gain + p.offset + p.grain * (sum - 510) / 147.8F, 0.0F, 1.0F);
    pixels[at++] = film[static_cast<std::size_t>(light * steps)];
  }
}

}  // namespace

void draw_phantom(std::uint64_t seed, std::size_t index, bool pneumonia, int size,
                  std::span<std::uint8_t> pixels) {
  Random random{seed, index};
  const Patient patient = draw_patient(random, pneumonia);
  const cv::Mat1f thorax = draw_thorax(patient, random, size);
  expose(patient, random, thorax, pixels);
}

namespace {

class Phantom : public Dataset {
 public:
  explicit Phantom(const PhantomOptions& options) : options_(options) {
    const std::array counts = {options.train, options.val, options.test};
    for (std::size_t split = 0; split < counts.size(); ++split) {
      for (int i = 0; i < counts[split]; ++i) {
        const std::string name = fmt::format("phantom-{:06}", items_.size());
        const int label = i % 2;
        const std::string identity =
            fmt::format("{} version {} seed {} label {}", name, kVersion, options.seed, label);
        items_.push_back({name, name, sha256_hex(identity), label, static_cast<Split>(split)});
      }
    }
  }
  const std::vector<Item>& items() const override { return items_; }
  ImageShape shape() const override { return {options_.channels, options_.size, options_.size}; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    const auto plane = static_cast<std::size_t>(options_.size) * static_cast<std::size_t>(options_.size);
    draw_phantom(options_.seed, index, items_.at(index).label == 1, options_.size, chw.first(plane));
    for (int c = 1; c < options_.channels; ++c)
      std::copy_n(chw.begin(), plane, chw.begin() + static_cast<std::ptrdiff_t>(c * plane));
  }
  std::string description() const override {
    return fmt::format("synthetic chest phantom, seed {}, {} of {} x {}", options_.seed,
                       counted(items_.size(), "image"), options_.size, options_.size);
  }

 private:
  PhantomOptions options_;
  std::vector<Item> items_;
  std::vector<std::string> class_names_ = {"NORMAL", "PNEUMONIA"};
};

}  // namespace

std::unique_ptr<Dataset> make_phantom(const PhantomOptions& options) {
  if (options.size < 32)
    throw ConfigError(fmt::format("size: {} is too small for the phantom; use 32 or more", options.size));
  if (options.train < 2 || options.val < 2 || options.test < 2)
    throw ConfigError("phantom: each split needs at least one image of each class");
  return std::make_unique<Phantom>(options);
}

}  // namespace dsx::data

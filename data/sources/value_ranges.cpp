// A kind is settled by its first image that uses more than a quarter of its range; only kinds that never do
// are decoded twice.
#include "data/sources/value_ranges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <stdexcept>

#include "kernels/base/counted.hpp"

namespace dsx::data {
namespace {

IntensityRange ascending(IntensityRange range) {
  return {std::min(range.black, range.white), std::max(range.black, range.white)};
}

struct Probe {
  std::mutex mutex;
  std::set<std::string> wide;
  std::map<std::string, UsedValues> used;
  std::map<std::string, IntensityRange> stored;

  bool wants(const std::string& kind) {
    const std::lock_guard lock(mutex);
    return !wide.contains(kind);
  }
  void add(const Picture& picture) {
    if (picture.image.empty() || picture.own_range) return;
    UsedValues values = used_values(picture.image);
    const std::lock_guard lock(mutex);
    const IntensityRange stored_range = ascending(picture.range);
    const auto [place, is_new] = stored.emplace(picture.kind, stored_range);
    // Rescaled files may differ in what they can hold.
    place->second = {std::min(place->second.black, stored_range.black),
                     std::max(place->second.white, stored_range.white)};
    used[picture.kind].add(values);
    const UsedValues& all = used[picture.kind];
    if (all.high > all.low && found_range(all, place->second) == place->second) wide.insert(picture.kind);
  }
};

}  // namespace

std::string narrow_text(const ImageFacts& facts) {
  constexpr int kQuarter = 64;
  if (facts.flat || facts.two_values || facts.bright - facts.dark >= kQuarter) return "";
  std::string text = fmt::format("{} to {} of 255", facts.dark, facts.bright);
  if (facts.own_range) return text;
  const auto value = [&](int level) {
    return facts.range.black + level * (facts.range.white - facts.range.black) / 255;
  };
  const double a = value(facts.dark), b = value(facts.bright);
  return text + fmt::format(", values {:.4g} to {:.4g}", std::min(a, b), std::max(a, b));
}

std::map<std::string, IntensityRange> find_ranges(ImageSource& images, int jobs) {
  Probe probe;
  PictureOptions options;
  options.wanted = [&](const std::string& kind) { return probe.wants(kind); };
  for_each_image(images, jobs, [&](std::size_t index, std::span<const std::uint8_t> bytes) {
    try {
      probe.add(images.picture(index, bytes, options));
    } catch (const std::runtime_error&) {  // the import names it
    }
    const std::lock_guard lock(probe.mutex);
    return !(images.is_one_kind() && !probe.wide.empty());
  });
  std::map<std::string, IntensityRange> ranges;
  for (const auto& [kind, used] : probe.used) {
    const IntensityRange found = found_range(used, probe.stored[kind]);
    if (!probe.wide.contains(kind) && !(found == probe.stored[kind])) ranges[kind] = found;
  }
  return ranges;
}

void ValueNotes::add(const std::string& name, const ImageFacts& facts) {
  const auto [place, is_new] = kinds_.try_emplace(facts.kind);
  Kind& kind = place->second;
  kind.used.add(facts.used);
  if (is_new) kind.range = facts.range;
  kind.several |= !(ascending(kind.range) == ascending(facts.range));
  kind.own_range |= facts.own_range;
  const auto note = [&](const std::string& what) {
    Odd& odd = odd_[what];
    if (odd.count++ == 0) odd.example = name;
  };
  if (!facts.note.empty()) note(facts.note);
  if (facts.flat) note("flat: every pixel has one value");
  if (facts.two_values) note("only two values, as masks have");
  if (const std::string text = narrow_text(facts); !text.empty()) {
    Odd& odd = narrow_[facts.own_range];
    if (odd.count++ == 0) odd.example = fmt::format("{} ({})", name, text);
  }
}

std::vector<std::string> ValueNotes::lines() const {
  std::vector<std::string> lines;
  for (const auto& [name, kind] : kinds_) {
    if (kind.own_range) {
      lines.push_back(fmt::format("values of {}: black and white are the files' own ({})", name,
                                  counted(kind.used.images, "image")));
      continue;
    }
    const IntensityRange range = ascending(kind.range);
    std::string line = fmt::format("values of {}: {} to {} used by {}", name, kind.used.low, kind.used.high,
                                   counted(kind.used.images, "image"));
    line += kind.several ? "; black and white differ between files"
                         : fmt::format("; black {}, white {}", range.black, range.white);
    const double share = (kind.used.high - kind.used.low) / (range.white - range.black);
    constexpr double kLittle = 0.6;
    if (!kind.several && share < kLittle && kind.used.high > kind.used.low)
      line += fmt::format(" ({:.0f}% of it); --intensity-range {:.9g},{:.9g} would stretch them", 100 * share,
                          kind.used.low, kind.used.high);
    lines.push_back(line);
  }
  for (const auto& [what, odd] : odd_)
    lines.push_back(fmt::format("{}: {}, e.g. {}", what, counted(odd.count, "image"), odd.example));
  for (const auto& [own_range, odd] : narrow_)
    lines.push_back(
        fmt::format("values: of {} all but a hundredth lies within a quarter of black to white, e.g. {}; "
                    "--intensity-range "
                    "LOW,HIGH {}",
                    counted(odd.count, "image"), odd.example,
                    own_range ? "replaces the files' windows" : "stretches them"));
  return lines;
}

}  // namespace dsx::data

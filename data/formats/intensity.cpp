// One linear map in double precision; what lies outside is clipped.
#include "data/formats/intensity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"

namespace dsx::data {
namespace {

constexpr double kWhite16 = 65535;
constexpr double kWideShare = 0.25;  // a kind that uses more of its bits than this keeps them

[[noreturn]] void refuse_range(const std::string& text) {
  throw ConfigError(
      fmt::format("intensity_range: expected auto, stored or LOW,HIGH (e.g. 0,4095), got '{}'", text));
}

double range_number(std::string_view text, const std::string& all) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const auto value = number_from_text<double>(text);
  if (!value || !std::isfinite(*value)) refuse_range(all);
  return *value;
}

IntensityRange range_of(std::string_view text, const std::string& all) {
  for (const std::string_view separator : {",", "..", ":"}) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) continue;
    const IntensityRange range{range_number(text.substr(0, at), all),
                               range_number(text.substr(at + separator.size()), all)};
    if (!(range.black < range.white))
      throw ConfigError(fmt::format("intensity_range: {} is not below {}", range.black, range.white));
    return range;
  }
  refuse_range(all);
}

std::string range_text(const IntensityRange& range) { return fmt::format("{},{}", range.black, range.white); }

template <typename T>
void map_values(const cv::Mat& image, const IntensityRange& range, cv::Mat& out) {
  const double factor = kWhite16 / (range.white - range.black);
  const int count = image.cols * image.channels();
  for (int r = 0; r < image.rows; ++r) {
    const T* from = image.ptr<T>(r);
    auto* to = out.ptr<std::uint16_t>(r);
    for (int i = 0; i < count; ++i) {
      const double value = (static_cast<double>(from[i]) - range.black) * factor;
      to[i] = static_cast<std::uint16_t>(value >= 0 ? std::min(value, kWhite16) + 0.5 : 0);  // NaN: black
    }
  }
}

}  // namespace

IntensityOptions intensity_from_string(const std::string& text) {
  IntensityOptions options;
  if (text.empty() || text == "auto") return options;
  if (text == "stored") {
    options.rule = IntensityOptions::Rule::stored;
    return options;
  }
  if (text.find('=') == std::string::npos) {
    options.rule = IntensityOptions::Rule::given;
    options.given = range_of(text, text);
    return options;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view part = rest.substr(0, end);
    const std::size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos) refuse_range(text);
    options.kinds[std::string(part.substr(0, equals))] = range_of(part.substr(equals + 1), text);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return options;
}

std::string to_string(const IntensityOptions& options) {
  if (options.rule == IntensityOptions::Rule::stored) return "stored";
  if (options.rule == IntensityOptions::Rule::given) return range_text(options.given);
  std::string text;
  for (const auto& [kind, range] : options.kinds)
    text += fmt::format("{}{}={}", text.empty() ? "" : ";", kind, range_text(range));
  return text.empty() ? "auto" : text;
}

void UsedValues::add(const UsedValues& other) {
  if (other.images == 0) return;
  low = images == 0 ? other.low : std::min(low, other.low);
  high = images == 0 ? other.high : std::max(high, other.high);
  images += other.images;
}

UsedValues used_values(const cv::Mat& image) {
  UsedValues used{0, 0, 1};
  cv::minMaxIdx(image.reshape(1), &used.low, &used.high);
  return used;
}

IntensityRange found_range(const UsedValues& used, const IntensityRange& stored) {
  const double low = std::min(stored.black, stored.white), high = std::max(stored.black, stored.white);
  if (used.images == 0 || !(used.high > used.low) || used.high - used.low > kWideShare * (high - low))
    return {low, high};
  const bool whole = high - low >= 1 && used.low >= 0 && used.low == std::floor(used.low) &&
                     used.high == std::floor(used.high);
  if (!whole) return {used.low, used.high};
  const double bits = std::ceil(std::log2(used.high + 1));
  const IntensityRange rounded{0, std::exp2(bits) - 1};
  // Values far from 0, and few of them: counted from 0 they would be no wider than before.
  return rounded.white <= kWideShare * (high - low) ? rounded : IntensityRange{low, high};
}

void check_fractions(const cv::Mat& image, bool within_unit) {
  if (!cv::checkRange(image)) throw DataError("a pixel is not a number, or infinite");
  double low = 0, high = 0;
  cv::minMaxIdx(image.reshape(1), &low, &high);
  if (within_unit && (low < -1e-6 || high > 1 + 1e-6))
    throw DataError(fmt::format(
        "pixels go from {} to {}: floats must be from 0 to 1, or --intensity-range LOW,HIGH must say what is "
        "black and white",
        low, high));
}

IntensityRange chosen_range(const Picture& picture, const IntensityOptions& options) {
  IntensityRange range = picture.range;
  if (options.rule == IntensityOptions::Rule::given) {
    range = options.given;
  } else if (options.rule == IntensityOptions::Rule::automatic && !picture.own_range) {
    if (const auto found = options.kinds.find(picture.kind); found != options.kinds.end())
      range = found->second;
  }
  const bool negative = picture.range.black > picture.range.white;
  return negative == (range.black > range.white) ? range : IntensityRange{range.white, range.black};
}

cv::Mat with_range(const cv::Mat& image, const IntensityRange& range) {
  if (image.depth() == CV_8U && range == IntensityRange{0, 255}) return image;
  if (image.depth() == CV_16U && range == IntensityRange{0, kWhite16}) return image;
  if (image.depth() == CV_8U && range == IntensityRange{255, 0}) return 255 - image;
  cv::Mat out(image.rows, image.cols, CV_16UC(image.channels()));
  switch (image.depth()) {
    case CV_8U:
      map_values<std::uint8_t>(image, range, out);
      break;
    case CV_16U:
      map_values<std::uint16_t>(image, range, out);
      break;
    case CV_16S:
      map_values<std::int16_t>(image, range, out);
      break;
    case CV_32F:
      map_values<float>(image, range, out);
      break;
    case CV_64F:
      map_values<double>(image, range, out);
      break;
    default:
      throw DataError("pixels of a number type that is not read");
  }
  return out;
}

}  // namespace dsx::data

// An image has at most 65536 different stored numbers: every transformation becomes one table over them.
#include "data/formats/dicom_voi.hpp"

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
// clang-format on

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "data/formats/dicom_padding.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr std::size_t kMaxWindows = 64;

std::string text_at(DcmItem& item, const DcmTagKey& tag) {
  OFString text;
  return item.findAndGetOFString(tag, text).good() ? std::string(text.c_str()) : std::string();
}

void add_note(std::string& note, const std::string& what) {
  if (note.find(what) == std::string::npos) note += (note.empty() ? "" : "; ") + what;
}

// DCMTK takes what it can of a text that is no number ("0,5" is 0 to it): that is noted and not used.
std::optional<double> number_at(DcmItem& item, const DcmTagKey& tag, const char* what, std::string& note,
                                unsigned long position = 0) {
  OFString text;
  Float64 value = 0;
  const bool is_there = item.findAndGetOFString(tag, text, position).good() && !text.empty();
  const bool is_number = text.find_first_not_of("0123456789+-.eE ") == OFString_npos;
  if (is_number && item.findAndGetFloat64(tag, value, position).good() && std::isfinite(value)) return value;
  if (is_there) add_note(note, fmt::format("a {} that is no number is ignored", what));
  return std::nullopt;
}

// The entries of a table: words, or (8 bits) two in each word.
std::vector<double> entries_of(DcmItem& item, std::size_t count, int bits) {
  const Uint16* words = nullptr;
  unsigned long length = 0;
  if (item.findAndGetUint16Array(DCM_LUTData, words, &length).bad() || words == nullptr)
    throw DataError("DICOM lookup table without data");
  std::vector<double> entries;
  const bool packed = bits == 8 && length < count && 2 * length >= count;
  if (!packed && length < count) throw DataError("truncated lookup table in a DICOM file");
  for (std::size_t i = 0; i < count; ++i)
    entries.push_back(packed ? (i % 2 == 0 ? words[i / 2] & 0xFF : words[i / 2] >> 8) : words[i]);
  return entries;
}

// Some devices write 0, 32 or 16 for the bits of an entry, whatever the entries need.
double most_of(const DicomTable& table, int bits, std::string& note) {
  constexpr int kLeast = 8, kMost = 16;
  const double used = *std::max_element(table.entries.begin(), table.entries.end());
  if (bits < kLeast || bits > kMost) {
    add_note(note, fmt::format("a lookup table of {} bits is taken for one of as many as it uses", bits));
    return std::exp2(std::max<double>(kLeast, std::ceil(std::log2(used + 1)))) - 1;
  }
  return std::max(used, found_range({0, used, 1}, {0, std::exp2(bits) - 1}).white);
}

std::optional<DicomTable> table_at(DcmItem& dataset, const DcmTagKey& sequence, bool is_signed,
                                   std::string& note) {
  DcmItem* item = nullptr;
  if (dataset.findAndGetSequenceItem(sequence, item, 0).bad() || item == nullptr) return std::nullopt;
  Uint16 count = 0, bits = 0, first = 0;
  if (item->findAndGetUint16(DCM_LUTDescriptor, count, 0).bad() ||
      item->findAndGetUint16(DCM_LUTDescriptor, bits, 2).bad())
    throw DataError("DICOM lookup table without a descriptor");
  DicomTable table;
  Sint16 signed_first = 0;
  if (item->findAndGetUint16(DCM_LUTDescriptor, first, 1).good()) {
    table.first = is_signed ? static_cast<std::int16_t>(first) : first;
  } else if (item->findAndGetSint16(DCM_LUTDescriptor, signed_first, 1).good()) {
    table.first = signed_first;
  }
  table.entries = entries_of(*item, count == 0 ? 65536 : count, bits);
  table.most = most_of(table, bits, note);
  return table;
}

VoiFunction function_of(DcmItem& dataset, std::string& note) {
  const std::string name = text_at(dataset, DCM_VOILUTFunction);
  if (name == "SIGMOID") return VoiFunction::sigmoid;
  if (name == "LINEAR_EXACT") return VoiFunction::linear_exact;
  if (!name.empty() && name != "LINEAR") add_note(note, "an unknown VOI LUT function is taken as LINEAR");
  return VoiFunction::linear;
}

// Of the numbers from stored.lowest() on, those that the image has.
std::vector<bool> used_numbers(const cv::Mat& words, const StoredBits& stored) {
  std::vector<bool> used(static_cast<std::size_t>(stored.highest() - stored.lowest()) + 1);
  for (int r = 0; r < words.rows; ++r)
    for (int c = 0; c < words.cols; ++c) {
      const unsigned word =
          words.depth() == CV_8U ? words.at<std::uint8_t>(r, c) : words.at<std::uint16_t>(r, c);
      used[static_cast<std::size_t>(stored.number(word) - stored.lowest())] = true;
    }
  return used;
}

using Tone = std::function<double(double stored)>;

// More than black and white, or as much as the image has: what a reader can see of it, in 8 bits.
bool shows_something(const Tone& tone, const std::vector<bool>& used, const StoredBits& stored) {
  constexpr std::size_t kFew = 2;
  std::vector<bool> levels(256);
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i])
      levels[static_cast<std::size_t>(std::lround(255 * tone(stored.lowest() + static_cast<double>(i))))] =
          true;
  const auto numbers = static_cast<std::size_t>(std::count(used.begin(), used.end(), true));
  const auto shown = static_cast<std::size_t>(std::count(levels.begin(), levels.end(), true));
  return shown > kFew || shown >= numbers;
}

template <typename T>
cv::Mat through(const cv::Mat& words, const StoredBits& stored, const Tone& tone, int type) {
  std::vector<T> table(std::size_t{1} << (words.depth() == CV_8U ? 8 : 16));
  for (std::size_t word = 0; word < table.size(); ++word)
    table[word] = static_cast<T>(tone(stored.number(static_cast<unsigned>(word))));
  cv::Mat out(words.rows, words.cols, type);
  for (int r = 0; r < words.rows; ++r)
    for (int c = 0; c < words.cols; ++c)
      out.at<T>(r, c) =
          table[words.depth() == CV_8U ? words.at<std::uint8_t>(r, c) : words.at<std::uint16_t>(r, c)];
  return out;
}

// The first that shows something; empty when there is none.
Tone voi_of(const DicomTransform& transform, const std::vector<bool>& used, const StoredBits& stored) {
  for (const VoiWindow& window : transform.windows) {
    if (!window.is_valid()) continue;
    Tone tone = [&transform, window](double number) { return window.apply(transform.value(number)); };
    if (shows_something(tone, used, stored)) return tone;
  }
  if (!transform.voi) return {};
  Tone tone = [&transform](double number) {
    return transform.voi->apply(transform.value(number)) / transform.voi->most;
  };
  return shows_something(tone, used, stored) ? tone : Tone{};
}

// Without a window: whole numbers as they are stored, others as they are rescaled.
void keep_values(const cv::Mat& words, const StoredBits& stored, const DicomTransform& transform,
                 Picture& picture) {
  const Tone value = [&](double number) { return transform.value(number); };
  double low = value(stored.lowest()), high = value(stored.highest());
  if (transform.modality) {
    low = 0;
    high = transform.modality->most;
  }
  picture.range = {std::min(low, high), std::max(low, high)};
  if (transform.rescales()) {
    picture.image = through<float>(words, stored, value, CV_32F);
  } else if (stored.is_signed) {
    picture.image = through<std::int16_t>(words, stored, value, CV_16S);
  } else if (words.depth() == CV_8U) {
    picture.image = through<std::uint8_t>(words, stored, value, CV_8U);
  } else {
    picture.image = through<std::uint16_t>(words, stored, value, CV_16U);
  }
}

}  // namespace

bool VoiWindow::is_valid() const { return function == VoiFunction::linear ? width >= 1 : width > 0; }

double VoiWindow::apply(double value) const {
  if (function == VoiFunction::sigmoid) return 1 / (1 + std::exp(-4 * (value - centre) / width));
  if (function == VoiFunction::linear_exact) return std::clamp((value - centre) / width + 0.5, 0., 1.);
  const double middle = centre - 0.5, span = width - 1;
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 1;
  return (value - middle) / span + 0.5;
}

double DicomTable::apply(double value) const {
  const double last = static_cast<double>(entries.size()) - 1;
  return entries[static_cast<std::size_t>(std::clamp(std::floor(value - first + 0.5), 0., last))];
}

double DicomTransform::value(double stored) const {
  return modality ? modality->apply(stored) : slope * stored + intercept;
}

int StoredBits::number(unsigned word) const {
  const unsigned mask = (1U << bits) - 1;
  const auto number = static_cast<int>((word >> (high_bit + 1 - bits)) & mask);
  return is_signed && number > highest() ? number - (1 << bits) : number;
}

DicomTransform read_transform(DcmItem& dataset, bool is_signed) {
  DicomTransform transform;
  std::string& note = transform.note;
  transform.modality = table_at(dataset, DCM_ModalityLUTSequence, is_signed, note);
  transform.slope = number_at(dataset, DCM_RescaleSlope, "rescale slope", note).value_or(1);
  transform.intercept = number_at(dataset, DCM_RescaleIntercept, "rescale intercept", note).value_or(0);
  if (transform.slope == 0) {
    transform.slope = 1;
    add_note(note, "a rescale slope of 0 is ignored");
  }
  // Whether the tables' first numbers are signed follows what they are applied to.
  const bool values_signed = is_signed || (transform.rescales() && transform.intercept < 0);
  transform.voi = table_at(dataset, DCM_VOILUTSequence, values_signed, note);
  const VoiFunction function = function_of(dataset, note);
  for (unsigned long i = 0; i < kMaxWindows; ++i) {
    const auto centre = number_at(dataset, DCM_WindowCenter, "window centre", note, i),
               width = number_at(dataset, DCM_WindowWidth, "window width", note, i);
    if (!centre || !width) break;
    transform.windows.push_back({*centre, *width, function});
  }
  transform.padding = dicom_padding(dataset, is_signed);
  return transform;
}

Picture grey_picture(const cv::Mat& all_words, const StoredBits& stored, const DicomTransform& transform,
                     bool negative, bool windows) {
  Picture picture;
  picture.note = transform.note;
  const cv::Mat words = without_padding(all_words, stored, transform, negative);
  Tone voi;
  const bool has_window = windows && (!transform.windows.empty() || transform.voi);
  if (has_window) {
    voi = voi_of(transform, used_numbers(words, stored), stored);
    if (!voi) add_note(picture.note, "a DICOM window that would show a flat image is ignored");
  }
  if (voi) {
    constexpr double kWhite = 65535;
    picture.image = through<std::uint16_t>(
        words, stored, [&](double number) { return std::floor(kWhite * voi(number) + 0.5); }, CV_16U);
    picture.range = {0, kWhite};
    picture.own_range = true;
  } else {
    keep_values(words, stored, transform, picture);
    if (has_window) {
      picture.range = found_range(used_values(picture.image), picture.range);
      picture.own_range = true;
    }
  }
  if (negative) std::swap(picture.range.black, picture.range.white);
  return picture;
}

}  // namespace dsx::data

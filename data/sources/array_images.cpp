// Headers and labels are read at once, pixels one image at a time and in order, since a deflated array has no
// other.
#include "data/sources/array_images.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "data/formats/npz.hpp"
#include "data/io/files.hpp"
#include "data/sources/array_labels.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxArrayImages = 2'000'000;  // of an array: their names are in memory
constexpr std::uint64_t kMinSide = 4, kMaxSide = 16384;
constexpr std::size_t kMaxImageBytes = std::size_t{128} << 20;  // each decoding thread holds one

// {} is the split's name; without it, all is train.
struct PairNames {
  const char *images, *labels;
};
constexpr PairNames kPairNames[] = {{"{}_images", "{}_labels"},
                                    {"X_{}", "y_{}"},
                                    {"x_{}", "y_{}"},
                                    {"X_{}", "Y_{}"},
                                    {"x_{}", "Y_{}"},
                                    {"{}_X", "{}_y"},
                                    {"{}_x", "{}_y"},
                                    {"{}_X", "{}_Y"},
                                    {"images_{}", "labels_{}"},
                                    {"{}X", "{}Y"},
                                    {"{}_imgs", "{}_labels"},
                                    {"{}_data", "{}_labels"},
                                    {"{}_images", "{}_targets"},
                                    {"{}_data", "{}_targets"},
                                    {"{}images", "{}labels"},
                                    {"{}_image", "{}_label"}};
constexpr PairNames kWholeNames[] = {{"images", "labels"}, {"X", "y"},          {"x", "y"},
                                     {"X", "Y"},           {"imgs", "labels"},  {"data", "labels"},
                                     {"data", "target"},   {"data", "targets"}, {"image", "label"}};

struct SplitName {
  Split split;
  const char* name;
};
constexpr SplitName kSplitNames[] = {{Split::train, "train"}, {Split::train, "training"}, {Split::val, "val"},
                                     {Split::val, "valid"},   {Split::val, "validation"}, {Split::val, "dev"},
                                     {Split::test, "test"},   {Split::test, "testing"}};

struct Pair {
  std::string images, labels;
  Split split;
  bool whole = false;  // a set without splits
};

// Every pair that is known, the preferred ones first, those of whole sets last.
std::vector<Pair> known_pairs() {
  std::vector<Pair> pairs;
  for (const PairNames& names : kPairNames)
    for (const SplitName& split : kSplitNames)
      pairs.push_back({fmt::format(fmt::runtime(names.images), split.name),
                       fmt::format(fmt::runtime(names.labels), split.name), split.split});
  for (const PairNames& names : kWholeNames)
    pairs.push_back({names.images, names.labels, Split::train, true});
  return pairs;
}

// One pair for each split, whichever way it is named. A set that has splits needs no whole.
std::vector<Pair> find_pairs(const ArrayStore& store) {
  std::vector<Pair> found;
  std::optional<Pair> without_labels;
  for (const Pair& pair : known_pairs()) {
    const auto is_taken = [&](const Pair& other) { return pair.whole || other.split == pair.split; };
    if (std::any_of(found.begin(), found.end(), is_taken) || !store.has(pair.images)) continue;
    if (store.has(pair.labels))
      found.push_back(pair);
    else if (!without_labels)
      without_labels = pair;
  }
  const auto has_split = [&](const Pair& other) { return other.split == without_labels->split; };
  if (without_labels && std::none_of(found.begin(), found.end(), has_split))
    throw DataError(fmt::format("{}: has {} but no {}", store.path.string(), without_labels->images,
                                without_labels->labels));
  std::stable_sort(found.begin(), found.end(),
                   [](const Pair& a, const Pair& b) { return a.split < b.split; });
  if (!found.empty()) return found;
  const std::vector<std::string> names = store.names();
  throw DataError(fmt::format(
      "{}: has no arrays train_images and train_labels (or X_train and y_train, x_train and "
      "y_train, images and labels, X and y){}",
      store.path.string(),
      names.empty() ? ""
                    : fmt::format("; it has {}; save them again under such names", fmt::join(names, ", "))));
}

// Names of arrays that no pair takes.
LeftOut unused_arrays(const ArrayStore& store, const std::vector<Pair>& pairs) {
  LeftOut unused;
  for (const std::string& name : store.names())
    if (std::none_of(pairs.begin(), pairs.end(),
                     [&](const Pair& pair) { return name == pair.images || name == pair.labels; }))
      unused.add("that no split uses", name, 1, "array");
  return unused;
}

std::string stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return "";
  return fmt::format("{}\t{}\t{}.{}\n", path.filename().string(), status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

// What numbers of this type can hold; floats: from 0 to 1.
IntensityRange range_of_type(const NpyHeader& header) {
  const double bits = 8. * static_cast<double>(header.width);
  if (header.kind == 'f' || header.kind == 'b') return {0, 1};
  return header.kind == 'u' ? IntensityRange{0, std::exp2(bits) - 1}
                            : IntensityRange{-std::exp2(bits - 1), std::exp2(bits - 1) - 1};
}

// One row or plane of pixels from numbers: unsigned ones of 8 and 16 bits as they are, others as doubles.
cv::Mat to_pixels(const NpyHeader& header, std::span<const std::uint8_t> bytes, int rows, int columns,
                  int channels) {
  const auto count =
      static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) * static_cast<std::size_t>(channels);
  if (header.width == 1 && header.kind != 'i') {
    cv::Mat pixels(rows, columns, CV_8UC(channels));
    std::memcpy(pixels.data, bytes.data(), count);
    return pixels;
  }
  if (header.kind == 'u' && header.width == 2) {
    cv::Mat pixels(rows, columns, CV_16UC(channels));
    auto* out = reinterpret_cast<std::uint16_t*>(pixels.data);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint16_t>(npy_number(header, bytes, i));
    return pixels;
  }
  cv::Mat pixels(rows, columns, CV_64FC(channels));
  auto* out = reinterpret_cast<double*>(pixels.data);
  for (std::size_t i = 0; i < count; ++i) out[i] = npy_number(header, bytes, i);
  return pixels;
}

}  // namespace

ArrayStore npz_arrays(const fs::path& path) {
  const auto npz = std::make_shared<Npz>(path);
  return {path, [npz](const std::string& name) { return npz->has(name); },
          [npz](const std::string& name) { return npz->open(name); }, [npz] { return npz->names(); },
          stamp_of(path)};
}

ArrayStore folder_arrays(const fs::path& folder) {
  const auto file_of = [folder](const std::string& name) { return folder / (name + ".npy"); };
  std::string stamp;
  for (const Pair& pair : known_pairs())
    stamp += stamp_of(file_of(pair.images)) + stamp_of(file_of(pair.labels));
  const auto names = [folder] {
    std::vector<std::string> all;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".npy") all.push_back(entry.path().stem().string());
    std::sort(all.begin(), all.end());
    return all;
  };
  return {folder,
          [file_of](const std::string& name) {
            std::error_code error;
            return fs::exists(file_of(name), error);
          },
          [file_of](const std::string& name) { return open_bytes(file_of(name)); }, names, stamp};
}

bool has_array_pairs(const fs::path& folder) {
  std::error_code error;
  for (const Pair& pair : known_pairs())
    if (fs::exists(folder / (pair.images + ".npy"), error)) return true;
  return false;
}

std::size_t ArrayImages::Part::image_bytes() const {
  return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
         static_cast<std::size_t>(width) * header.width;
}

ArrayImages::Part ArrayImages::open_part(const std::string& images,
                                         std::unique_ptr<ByteSource>& stream) const {
  stream = store_.open(images);
  Part part;
  part.images = images;
  part.header = read_npy_header(*stream);
  const auto& shape = part.header.shape;
  const auto is_channels = [](std::uint64_t n) { return n == 1 || n == 3; };
  const bool last = shape.size() == 4 && is_channels(shape[3]);
  part.channels_first = shape.size() == 4 && !last && is_channels(shape[1]);
  if (shape.size() != 3 && !last && !part.channels_first)
    stream->fail(fmt::format(
        "its shape is {}; images are N x H x W, N x H x W x C or N x C x H x W with 1 or 3 channels",
        part.header.shape_text()));
  const std::size_t height = part.channels_first ? 2 : 1;
  for (const std::size_t axis : {height, height + 1})
    if (shape[axis] < kMinSide || shape[axis] > kMaxSide)
      stream->fail(fmt::format("images of shape {} are refused: sides are from {} to {} pixels",
                               part.header.shape_text(), kMinSide, kMaxSide));
  if (shape[0] == 0 || shape[0] > kMaxArrayImages)
    stream->fail(
        fmt::format("{} is refused: from 1 to {} images", part.header.shape_text(), kMaxArrayImages));
  part.count = shape[0];
  part.height = static_cast<int>(shape[height]);
  part.width = static_cast<int>(shape[height + 1]);
  if (shape.size() == 4) part.channels = static_cast<int>(shape[last ? 3 : 1]);
  if (part.image_bytes() > kMaxImageBytes)
    stream->fail(
        fmt::format("images of {} bytes are refused: at most {}", part.image_bytes(), kMaxImageBytes));
  return part;
}

ArrayImages::ArrayImages(ArrayStore store, const std::string& positive) : store_(std::move(store)) {
  std::error_code error;
  listing_.root = fs::weakly_canonical(store_.path, error);
  listing_.digest = sha256_hex(store_.stamp + positive);
  const std::vector<Pair> pairs = find_pairs(store_);
  listing_.left_out = unused_arrays(store_, pairs).lines();
  std::vector<ArrayLabels> labels;
  std::size_t first = 0;
  for (const Pair& pair : pairs) {
    std::unique_ptr<ByteSource> stream;
    Part part = open_part(pair.images, stream);
    part.first = first;
    first += part.count;
    labels.push_back(read_labels(*store_.open(pair.labels), part.count));
    parts_.push_back(std::move(part));
  }
  const BinaryLabels binary = to_binary(labels, positive, store_.path.string());
  listing_.class_names = binary.class_names;
  for (std::size_t p = 0; p < pairs.size(); ++p)
    for (std::size_t i = 0; i < parts_[p].count; ++i)
      listing_.entries.push_back(
          {fmt::format("{}/{:06}", to_string(pairs[p].split), i), binary.labels[p][i], pairs[p].split});
}

const ArrayImages::Part& ArrayImages::part_of(std::size_t index) const {
  const auto after = std::find_if(parts_.begin(), parts_.end(),
                                  [&](const Part& part) { return index < part.first + part.count; });
  if (after == parts_.end()) throw std::logic_error("an image behind the last one");
  return *after;
}

std::vector<std::uint8_t> ArrayImages::fetch(std::size_t index) {
  const Part& part = part_of(index);
  if (index == part.first) {
    open_part(part.images, stream_);
  } else if (index != next_ || !stream_) {
    throw std::logic_error("images of an array are read in order");
  }
  next_ = index + 1;
  std::vector<std::uint8_t> bytes(part.image_bytes());
  stream_->read(bytes);
  if (next_ == part.first + part.count) stream_->finish();
  return bytes;
}

bool ArrayImages::is_one_kind() const {
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.header.type_name() == parts_.front().header.type_name();
  });
}

Picture ArrayImages::picture(std::size_t index, std::span<const std::uint8_t> bytes,
                             const PictureOptions& options) const {
  const Part& part = part_of(index);
  Picture picture;
  picture.kind = part.header.type_name();
  picture.range = range_of_type(part.header);
  if (options.wanted && !options.wanted(picture.kind)) return {};
  if (part.channels_first && part.channels == 3) {
    const std::size_t plane = part.image_bytes() / 3;
    std::vector<cv::Mat> planes;
    for (std::size_t c = 0; c < 3; ++c)
      planes.push_back(to_pixels(part.header, bytes.subspan(c * plane, plane), part.height, part.width, 1));
    cv::merge(planes, picture.image);
  } else {
    picture.image = to_pixels(part.header, bytes, part.height, part.width, part.channels);
  }
  if (part.header.kind == 'f') check_fractions(picture.image, options.windows);
  return picture;
}

}  // namespace dsx::data

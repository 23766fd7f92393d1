// The header is a Python dictionary of three entries, written by repr(); what else Python would read there is
// refused.
#include "data/formats/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "data/formats/content.hpp"

namespace dsx::data {
namespace {

constexpr std::size_t kMaxHeaderBytes = 10'000;  // NumPy's own limit
constexpr std::size_t kMaxDimensions = 32;       // NumPy's own limit

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const ByteSource& source) : text_(text), source_(source) {}

  NpyHeader parse() {
    std::set<std::string> keys;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      if (!keys.insert(key).second) damaged();
      expect(':');
      read_value(key);
      if (take(',')) continue;
      expect('}');
      break;
    }
    skip_space();
    if (at_ != text_.size() || keys != std::set<std::string>{"descr", "fortran_order", "shape"}) damaged();
    return header_;
  }

 private:
  [[noreturn]] void damaged() const { source_.fail("damaged .npy header"); }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) damaged();
  }
  std::string quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) damaged();
    const std::string word(text_.substr(at_, end - at_));
    at_ = end + 1;
    return word;
  }
  bool word(std::string_view expected) {
    skip_space();
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }
  void read_value(const std::string& key) {
    if (key == "descr") {
      if (take('[') || take('('))
        source_.fail("an array of records; save images and labels as arrays of numbers");
      set_type(quoted());
    } else if (key == "fortran_order") {
      fortran_ = word("True");
      if (!fortran_ && !word("False")) damaged();
      check_order();
    } else if (key == "shape") {
      read_shape();
      check_order();
    } else {
      damaged();
    }
  }
  void set_type(const std::string& type) {
    static const std::set<std::string> readable = {"b1", "u1", "u2", "u4", "u8", "i1",
                                                   "i2", "i4", "i8", "f4", "f8"};
    const std::string plain = type.empty() ? type : type.substr(1);
    if (plain.starts_with("O"))
      source_.fail("an array of Python objects (pickled), which is never loaded; save numbers instead");
    if (plain.starts_with("U") || plain.starts_with("S"))
      source_.fail(
          "an array of texts; save numbers instead, e.g. numpy.unique(LABELS, return_inverse=True)[1] for "
          "labels");
    if (!readable.contains(plain) || std::string_view("<>|=").find(type[0]) == std::string_view::npos)
      source_.fail(
          fmt::format("numbers of type '{:.20}' are not read; use uint8, uint16, float32 or float64", type));
    header_.kind = plain[0];
    header_.width = static_cast<std::size_t>(plain[1] - '0');
    header_.big_endian = type[0] == '>';
  }
  void read_shape() {
    expect('(');
    while (!take(')')) {
      skip_space();
      if (at_ < text_.size() && text_[at_] == '-') source_.fail("a negative dimension in its header");
      const std::size_t start = at_;
      std::uint64_t extent = 0;
      for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0; ++at_)
        if (__builtin_mul_overflow(extent, 10, &extent) ||
            __builtin_add_overflow(extent, static_cast<std::uint64_t>(text_[at_] - '0'), &extent))
          source_.fail("an impossibly large dimension in its header");
      if (at_ == start || header_.shape.size() == kMaxDimensions) damaged();
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2
      header_.shape.push_back(extent);
      if (take(',')) continue;
      expect(')');
      break;
    }
    shape_read_ = true;
  }
  // Order makes no difference where at most one extent is more than 1.
  void check_order() const {
    if (!fortran_ || !shape_read_) return;
    const auto long_extents =
        std::count_if(header_.shape.begin(), header_.shape.end(), [](auto n) { return n > 1; });
    if (long_extents > 1)
      source_.fail(
          "stored in Fortran order; save it again with numpy.save(FILE, numpy.ascontiguousarray(ARRAY))");
  }

  std::string_view text_;
  const ByteSource& source_;
  std::size_t at_ = 0;
  bool fortran_ = false, shape_read_ = false;
  NpyHeader header_;
};

// A page or pointer under an array's name says what it is.
[[noreturn]] void refuse_other(ByteSource& source, std::span<const std::uint8_t> start) {
  std::vector<std::uint8_t> bytes(start.begin(), start.end());
  bytes.resize(start.size() + std::min<std::size_t>(source.left(), kContentBytes - start.size()));
  source.read(std::span(bytes).subspan(start.size()));
  constexpr std::string_view kMagic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kMagic.size()));
  const bool is_cut = !text.empty() && kMagic.starts_with(text);
  const std::string name = is_cut ? "" : content_name(bytes);
  source.fail("not a .npy array" + (name.empty() ? ", or truncated" : ", but " + name));
}

// Size of the header's text, after magic, version and its length (little-endian).
std::size_t header_size(ByteSource& source) {
  if (source.left() < 10) refuse_other(source, {});
  std::array<std::uint8_t, 8> start{};
  source.read(start);
  if (std::memcmp(start.data(), "\x93NUMPY", 6) != 0) refuse_other(source, start);
  const unsigned version = start[6];
  if (version < 1 || version > 3)
    source.fail(fmt::format(".npy version {} is not read (1 to 3 are)", version));
  std::array<std::uint8_t, 4> length{};
  source.read(std::span(length).first(version == 1 ? 2 : 4));
  const std::size_t size =
      length[0] | std::size_t{length[1]} << 8 | std::size_t{length[2]} << 16 | std::size_t{length[3]} << 24;
  if (size > kMaxHeaderBytes) source.fail(fmt::format("a .npy header of {} bytes is refused", size));
  return size;
}

template <typename T>
double number_at(const std::uint8_t* at, bool big_endian) {
  std::array<std::uint8_t, sizeof(T)> bytes;
  std::memcpy(bytes.data(), at, sizeof(T));
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  return static_cast<double>(std::bit_cast<T>(bytes));
}

}  // namespace

std::uint64_t NpyHeader::count() const {
  std::uint64_t product = 1;
  for (const std::uint64_t extent : shape) product *= extent;
  return product;
}

std::string NpyHeader::type_name() const {
  if (kind == 'b') return "bool";
  return fmt::format("{}{}", kind == 'u' ? "uint" : kind == 'i' ? "int" : "float", 8 * width);
}

std::string NpyHeader::shape_text() const {
  return shape.empty() ? "a single number" : fmt::format("{}", fmt::join(shape, " x "));
}

NpyHeader read_npy_header(ByteSource& source) {
  static_assert(std::endian::native == std::endian::little,
                "npy_number() takes this machine for little-endian");
  std::string text(header_size(source), '\0');
  source.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  const NpyHeader header = HeaderParser(text, source).parse();
  std::uint64_t bytes = header.width;
  bool overflow = false;
  for (const std::uint64_t extent : header.shape) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  if (overflow || bytes > source.left())
    source.fail(fmt::format(
        "truncated, or a false shape: {} numbers of type {} do not fit the {} bytes behind its header",
        header.shape_text(), header.type_name(), source.left()));
  if (bytes < source.left())
    source.fail(fmt::format("damaged: {} more bytes than its shape {} needs", source.left() - bytes,
                            header.shape_text()));
  return header;
}

double npy_number(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t index) {
  const std::uint8_t* at = bytes.subspan(index * header.width, header.width).data();
  const bool swap = header.big_endian;
  switch (header.kind) {
    case 'f':
      return header.width == 4 ? number_at<float>(at, swap) : number_at<double>(at, swap);
    case 'i':
      switch (header.width) {
        case 1:
          return number_at<std::int8_t>(at, swap);
        case 2:
          return number_at<std::int16_t>(at, swap);
        case 4:
          return number_at<std::int32_t>(at, swap);
        default:
          return number_at<std::int64_t>(at, swap);
      }
    default:
      switch (header.width) {
        case 1:
          return number_at<std::uint8_t>(at, swap);
        case 2:
          return number_at<std::uint16_t>(at, swap);
        case 4:
          return number_at<std::uint32_t>(at, swap);
        default:
          return number_at<std::uint64_t>(at, swap);
      }
  }
}

}  // namespace dsx::data

// The header's JSON, event by event: no tree is built, nothing nests deeper than the format does, and a key
// that comes twice is an error (a tree would keep the last).
//
//   {"__metadata__": {"format": "pt"}, "fc1.bias": {"dtype": "F32", "shape": [120], "data_offsets": [0,
//   480]}}
#include "study/exchange/safetensors_header.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "kernels/base/error.hpp"

namespace dsx::exchange {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& what) { throw DataError("safetensors header: " + what); }

class HeaderEvents : public nlohmann::json_sax<Json> {
 public:
  SafetensorsHeader header;

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::root;
    } else if (place_ == Place::root && name_ == "__metadata__") {
      place_ = Place::metadata;
    } else if (place_ == Place::root) {
      if (header.tensors.size() >= kMaxSafetensorsTensors)
        fail(fmt::format("more than {} tensors", kMaxSafetensorsTensors));
      header.tensors.emplace_back().name = name_;
      seen_.clear();
      place_ = Place::tensor;
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"})
        if (!seen_.contains(field)) fail(fmt::format("{} has no '{}'", shown_name(name_), field));
      if (offsets_.size() != 2)
        fail(fmt::format("{} has {} data_offsets, not 2", shown_name(name_), offsets_.size()));
      tensor().begin = offsets_[0];
      tensor().end = offsets_[1];
    }
    place_ = place_ == Place::root ? Place::outside : Place::root;
    return true;
  }

  bool key(string_t& key) override {
    if (place_ == Place::root) {
      if (!names_.insert(key).second) fail(shown_name(key) + " comes twice");
      name_ = key;
    } else {
      if (place_ == Place::metadata && header.metadata.contains(key)) fail(shown_name(key) + " comes twice");
      if (place_ == Place::tensor && !seen_.insert(key).second)
        fail(fmt::format("{} has {} twice", shown_name(name_), shown_name(key)));
      field_ = key;
    }
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header.metadata[field_] = value;
    } else if (place_ == Place::tensor && field_ == "dtype") {
      tensor().dtype = value;
    } else {
      unexpected("a text");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::tensor && field_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::tensor && field_ == "data_offsets") {
      offsets_.clear();
      place_ = Place::offsets;
    } else {
      unexpected("a list");
    }
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::shape) {
      if (tensor().shape.size() >= kMaxSafetensorsRank)
        fail(fmt::format("{} has more than {} dimensions", shown_name(name_), kMaxSafetensorsRank));
      tensor().shape.push_back(value);
    } else if (place_ == Place::offsets && offsets_.size() < 2) {
      offsets_.push_back(value);
    } else {
      unexpected("a number");
    }
    return true;
  }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return unexpected("a number that is not a 64-bit integer");
  }
  bool binary(binary_t&) override { return unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(fmt::format("no JSON at byte {}", position));
  }

 private:
  enum class Place { outside, root, metadata, tensor, shape, offsets };

  SafeTensor& tensor() { return header.tensors.back(); }

  [[noreturn]] bool unexpected(const char* what) const {
    const bool inside = place_ != Place::outside && place_ != Place::root;
    fail(fmt::format("{}{} is {}", name_.empty() ? "it" : shown_name(name_),
                     inside ? "." + shown_name(field_) : "", what));
  }

  Place place_ = Place::outside;
  std::string name_, field_;
  std::set<std::string> names_, seen_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

SafetensorsHeader read_safetensors_header(std::span<const std::uint8_t> json) {
  if (json.empty() || json.front() != '{') fail("does not begin with '{'");
  HeaderEvents events;
  Json::sax_parse(json.begin(), json.end(), &events);
  return std::move(events.header);
}

}  // namespace dsx::exchange

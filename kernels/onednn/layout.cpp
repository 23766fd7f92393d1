// Layout names, and readable names for any memory descriptor that a primitive may choose.
#include "kernels/onednn/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::kernels {

using dnnl::memory;
using tag = memory::format_tag;

const std::vector<std::string>& layout_names() {
  static const std::vector<std::string> names{"nhwc", "nchw", "blocked", "any"};
  return names;
}

std::string to_string(Layout layout) { return layout_names().at(static_cast<std::size_t>(layout)); }

Layout layout_from_string(const std::string& name) {
  const auto& names = layout_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw ConfigError(fmt::format("layout '{}' is not known: use one of {}", name, fmt::join(names, ", ")));
  }
  return static_cast<Layout>(found - names.begin());
}

std::string to_string(memory::data_type type) {
  switch (type) {
    case memory::data_type::f32:
      return "f32";
    case memory::data_type::bf16:
      return "bf16";
    case memory::data_type::f16:
      return "f16";
    case memory::data_type::s32:
      return "s32";
    case memory::data_type::s8:
      return "s8";
    case memory::data_type::u8:
      return "u8";
    default:
      return "undef";
  }
}

memory::data_type data_type_from_string(const std::string& name) {
  if (name == "f32") return memory::data_type::f32;
  if (name == "bf16") return memory::data_type::bf16;
  if (name == "int8") return memory::data_type::u8;
  throw ConfigError(fmt::format("data type '{}' is not known: use f32, bf16 or int8", name));
}

std::string dtype_name(memory::data_type type) {
  return type == memory::data_type::u8 ? "int8" : to_string(type);
}

namespace {

// The channel block that this CPU's vectors make natural: 16 floats with AVX-512, 8 below.
tag blocked_tag() { return has_isa(dnnl::cpu_isa::avx512_core) ? tag::nChw16c : tag::nChw8c; }

}  // namespace

memory::desc activation_md(const memory::dims& dims, memory::data_type type, Layout layout) {
  if (dims.size() == 2) return {dims, type, tag::nc};
  switch (layout) {
    case Layout::nhwc:
      return {dims, type, tag::nhwc};
    case Layout::nchw:
      return {dims, type, tag::nchw};
    case Layout::blocked:
      // oneDNN's first convolutions read images of 1 to 3 channels as nchw: padding 1 channel to 16 would
      // read 16 times the bytes.
      return {dims, type, dims[1] <= 3 ? tag::nchw : blocked_tag()};
    case Layout::any:
      return {dims, type, tag::any};
  }
  return {};
}

memory::desc plain_md(const memory::dims& dims, memory::data_type type) {
  static const std::array<tag, 6> tags{tag::undef, tag::a, tag::ab, tag::abc, tag::abcd, tag::abcde};
  return {dims, type, tags.at(dims.size())};
}

std::string dims_string(const memory::dims& dims) { return fmt::format("{}", fmt::join(dims, "x")); }

std::string describe(const memory::desc& md) {
  const auto type = to_string(md.get_data_type());
  if (md.get_format_kind() == memory::format_kind::any) return type + " any";
  if (md.get_format_kind() != memory::format_kind::blocked) return fmt::format("{} B opaque", md.get_size());
  // oneDNN's own notation: dimensions in order of descending stride, capital where blocked, then the blocks.
  const int ndims = md.get_ndims();
  const auto strides = md.get_strides();
  const auto dims = md.get_dims();
  const auto block_sizes = md.get_inner_blks();
  const auto block_dims = md.get_inner_idxs();
  std::vector<int> order(static_cast<std::size_t>(ndims));
  for (int i = 0; i < ndims; ++i) order[i] = i;
  // A dimension of size 1 keeps its natural place: its stride says nothing.
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return strides[a] > strides[b]; });
  std::string letters;
  for (const int d : order) {
    const bool blocked = std::find(block_dims.begin(), block_dims.end(), d) != block_dims.end();
    letters += static_cast<char>((blocked ? 'A' : 'a') + d);
  }
  for (std::size_t i = 0; i < block_dims.size(); ++i) {
    letters += fmt::format("{}{}", block_sizes[i], static_cast<char>('a' + block_dims[i]));
  }
  static const std::vector<std::pair<std::string, std::string>> activations{
      {"abcd", "nchw"},     {"acdb", "nhwc"}, {"aBcd16b", "nChw16c"},
      {"aBcd8b", "nChw8c"}, {"ab", "nc"},     {"a", "x"}};
  for (const auto& [letter_name, common] : activations) {
    if (letters == letter_name) return type + " " + common;
  }
  return type + " " + letters;
}

int padded_channels(const memory::desc& md) {
  if (md.get_format_kind() != memory::format_kind::blocked || md.get_ndims() < 2) return 0;
  return static_cast<int>(md.get_padded_dims()[1] - md.get_dims()[1]);
}

}  // namespace dsx::kernels

// Is an image file in colour, as its header says? Decoding makes every image grey or RGB as asked for;
// whoever shows a network images of another kind than it was trained on wants to say so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace dsx::data {

// Nothing when the header does not say (another format, too short). Does not look at pixels: a grey
// radiograph stored as RGB counts as colour.
std::optional<bool> is_colour_image(std::span<const std::uint8_t> bytes);

}  // namespace dsx::data

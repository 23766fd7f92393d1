// A 64-bit hash that hardly changes when an image is resized, recompressed or slightly brightened: near
// duplicates are pairs of hashes within a small Hamming distance (hamming_index.hpp).
//
// The hash is the DCT one ("pHash", Zauner 2010): the image shrunk to 32 x 32, the 64 lowest frequencies
// without the mean in zigzag order, one bit each: is it above their median? OpenCV has such a hash in its
// contrib module img_hash, but Debian's libopencv-contrib-dev drags in two dozen modules with VTK; dct() and
// resize() of the modules that are here anyway are enough.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.hpp"

namespace dsx {

// chw: uint8 pixels, C, H, W; channels are averaged. 0 for an image without structure (one value everywhere).
std::uint64_t perceptual_hash(ImageShape shape, std::span<const std::uint8_t> chw);

}  // namespace dsx

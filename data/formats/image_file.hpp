// One image file's bytes to the uint8 pixels of the study (fit_image.hpp does what is the same for all).
// Damaged files are told from sound ones: a decoder that fills the missing part with grey would poison a
// study silently.
#pragma once

#include <cstdint>
#include <span>

#include "data/formats/dicom.hpp"
#include "data/formats/fit_image.hpp"

namespace dsx::data {

// JPEG, PNG, TIFF, BMP, WebP or DICOM by content, with the values of its file. Throws DataError with the
// reason only (the caller knows the name). Empty where options.wanted says no.
Picture decode_picture(std::span<const std::uint8_t> bytes, const PictureOptions& options);

// That, fitted: chw holds channels x size x size bytes.
ImageFacts decode_image(std::span<const std::uint8_t> bytes, const DecodeOptions& options,
                        std::span<std::uint8_t> chw);

// What a decoder is asked for, for an image to be fitted like this.
PictureOptions picture_options(const DecodeOptions& options);

}  // namespace dsx::data
